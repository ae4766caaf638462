// Two videos that take turns: one shows, one waits at the next clip. Speed, loops, sound, and the shuttle of J, K and L.

const SPEEDS = [0.25, 0.5, 1, 1.5, 2, 4, 8];
const SHUTTLE = [1, 2, 4, 8]; // times as fast at each further press
const BACKWARDS = 80; // ms between two pictures of a video that runs backwards
const LOOPING = "loop"; // under which a tab remembers whether moments are played over and over
const SLACK = 0.002; // s by which a time at an edge may be rounded

const within = ({ start, end }, t) => t >= start - SLACK && t <= end + SLACK;

class Stage {
  constructor(root) {
    this.root = root;
    this.abort = new AbortController();
    this.$ = (selector) => root.querySelector(selector);
    this.frame = this.$(".player");
    this.front = this.$("video.front");
    this.back = this.$("video.back");
    this.data = null;
    this.source = null; // {video_id, src, duration, fps} in front
    this.clip = null; // {start, end} in hand; one that is held has an id, the edge that keys move, and may play only once
    this.looping = true;
    this.loose = false; // the user went outside of the clip: do not pull back
    this.speed = 1;
    this.way = 0; // of the shuttle: times as fast, less than 0 backwards, 0 while it is not used
  }

  // Seconds of the whole video: as the server knows it, else as the element has learnt it; null while nobody knows.
  get duration() {
    if (this.source?.duration) return this.source.duration;
    const { front } = this;
    return this.source && Number.isFinite(front.duration) ? front.duration + offsetOf(front) : null;
  }

  load(video, src, start) {
    video.dataset.wanted = start;
    if (video.getAttribute("src") !== src) {
      video.src = src;
      return;
    }
    if (video.readyState >= 1) this.jumpTo(video);
  }

  jumpTo(video) {
    const t = Number(video.dataset.wanted);
    delete video.dataset.wanted;
    if (Number.isFinite(t) && Math.abs(timeOf(video) - t) > 0.001) setTime(video, t);
  }

  swap() {
    const [front, back] = [this.back, this.front];
    front.className = "front";
    back.className = "back";
    back.pause();
    front.volume = back.volume;
    front.muted = back.muted;
    front.playbackRate = this.speed;
    back.muted = true;
    delete back.dataset.clip;
    this.front = front;
    this.back = back;
    this.cover("");
    if (front.error) this.fail(front);
  }

  play() {
    this.wants = true;
    const { front } = this;
    front.play().catch((error) => {
      // A browser plays no sound before the user has touched the page.
      if (error.name === "NotAllowedError" && front === this.front) {
        this.wants = false;
        this.$(".start").hidden = false;
      }
    });
  }

  pause() {
    this.wants = false;
    this.stopShuttle();
    this.front.pause();
  }

  toggle() {
    const { front, clip } = this;
    if (!front.paused || this.way < 0) return this.pause();
    if (clip?.id && front.ended) this.seek(clip.start);
    else if (clip?.id && timeOf(front) >= clip.end - SLACK) this.loose = true; // on to what comes behind it
    this.play();
  }

  seek(t, freely = false) {
    const { front, clip } = this;
    const to = Math.min(Math.max(t, 0), Math.max(0, (this.duration ?? Infinity) - 0.01));
    this.loose = freely && !!clip && !within(clip, to);
    this.setLooping(this.looping);
    if (front.readyState >= 1) setTime(front, to);
    else front.dataset.wanted = to;
    const offset = offsetOf(front);
    const piece = offset > 0 || (this.duration ?? 0) > front.duration + 1;
    if (piece && (to < offset || to > offset + front.duration)) this.flash(this.data.texts.not_prepared, "");
  }

  step(n) {
    this.pause();
    const fps = this.source?.fps ?? 30;
    // To the middle of a frame, so that rounding cannot show its neighbour.
    this.seek((Math.floor(timeOf(this.front) * fps + 1e-3) + n + 0.5) / fps, true);
  }

  setSpeed(speed) {
    this.stopShuttle();
    this.speed = speed;
    this.front.playbackRate = speed;
    this.$(".speed").value = String(speed);
  }

  // --- the shuttle: J backwards, L forwards, faster at each press; K stops

  shuttle(direction) {
    if (this.clip?.id && direction > 0 && timeOf(this.front) >= this.clip.end - SLACK) this.loose = true;
    const speed = this.way * direction > 0 ? SHUTTLE[Math.min(SHUTTLE.indexOf(Math.abs(this.way)) + 1, SHUTTLE.length - 1)] : 1;
    this.stopShuttle();
    this.way = direction * speed;
    if (direction > 0) {
      this.front.playbackRate = speed;
      this.play();
    } else {
      this.front.pause();
      this.runBackwards(timeOf(this.front), performance.now());
    }
    this.flash(`${direction < 0 ? "◀" : "▶"} ${speed}×`, "");
  }

  // Browsers play no video backwards: picture after picture is sought, as fast as they come.
  runBackwards(from, since) {
    const t = from + (this.way * (performance.now() - since)) / 1000;
    if (!this.front.seeking) this.seek(t, true);
    if (t <= 0) this.pause();
    else this.running = setTimeout(() => this.runBackwards(from, since), BACKWARDS);
  }

  stopShuttle() {
    clearTimeout(this.running);
    if (this.way > 0) this.front.playbackRate = this.speed;
    this.way = 0;
  }

  setLooping(looping) {
    this.looping = looping;
    const button = this.$(".loop");
    button.ariaPressed = String(looping && !this.loose && !!this.clip);
    button.hidden = !this.data?.queue && !this.clip;
  }

  // Keep to a moment of a list, {id, start, end, edge, once}, until the user goes elsewhere; null lets go of it.
  hold(moment) {
    if (JSON.stringify(moment) === JSON.stringify(this.clip)) return;
    if (moment && !this.clip) this.looping = !!remembered(LOOPING);
    this.clip = moment;
    this.loose = !!moment && !within(moment, Number(this.front.dataset.wanted ?? timeOf(this.front)));
    this.setLooping(this.looping);
    this.frameClip();
  }

  toggleLoop() {
    if (!this.clip) return;
    const wanted = this.loose || !this.looping;
    this.loose = false;
    this.setLooping(wanted);
    if (this.clip.id) remember(LOOPING, wanted);
  }

  // At the end of the clip in hand: once more, or, of a moment, no further.
  keepInside() {
    const { front, clip } = this;
    if (!clip || this.loose || front.paused || front.seeking) return;
    const now = timeOf(front);
    if (now < clip.end && now >= clip.start - 0.3) return;
    if (this.looping && !clip.once) setTime(front, clip.start);
    else if (clip.id && now >= clip.end) this.stopAt(clip.end);
  }

  stopAt(t) {
    this.pause();
    setTime(this.front, t);
    document.dispatchEvent(new CustomEvent("punchline-end"));
  }

  fail(video) {
    if (video !== this.front || !video.getAttribute("src")) return;
    this.cover(this.data.texts.unplayable);
    this.unplayable = this.source?.video_id ?? true;
    this.api.setStateValue("unplayable", this.unplayable);
  }

  cover(text) {
    this.$(".cover").textContent = text;
    this.$(".cover").hidden = !text;
  }

  flash(text, name, ms = 700) {
    const flash = this.$(".flash");
    flash.textContent = text;
    flash.className = `flash on ${name}`;
    clearTimeout(this.flashing);
    this.flashing = setTimeout(() => flash.classList.remove("on"), ms);
  }

  showPlay(force = false) {
    const { paused } = this.front;
    if (paused === this.shownPaused && !force) return;
    this.shownPaused = paused;
    const button = this.$(".play");
    button.innerHTML = icon(paused ? "play" : "pause");
    button.title = button.ariaLabel = this.data.texts[paused ? "play" : "pause"];
  }

  setVolume(volume) {
    this.front.volume = Math.min(1, Math.max(0, volume || 0));
    this.$(".volume").value = this.front.volume;
    this.front.muted = false;
    if (this.data) this.showSound();
    try {
      localStorage.setItem("punchline/volume", String(this.front.volume));
    } catch (error) {
      console.warn("the browser's storage cannot be written", error);
    }
  }

  showSound() {
    const button = this.$(".mute");
    button.innerHTML = icon(this.front.muted ? "mute" : "loud");
    button.title = button.ariaLabel = this.data.texts.mute;
    button.ariaPressed = String(this.front.muted);
  }
}
