// The player: two videos that take turns (one shows, one waits at the next clip), keys, buttons, and the queue of clips.

const ICONS = {
  play: "M8 5v14l11-7z",
  pause: "M7 5h4v14H7zM13 5h4v14h-4z",
  "frame-back": "M6 5h2v14H6zM19 5v14l-9-7z",
  "frame-on": "M16 5h2v14h-2zM5 5v14l9-7z",
  previous: "M5 5h2.5v14H5zM18.5 5v14L13 12zM13 5v14l-5.5-7z",
  next: "M16.5 5H19v14h-2.5zM5.5 5v14L11 12zM11 5v14l5.5-7z",
  loop: "M7 7h10v3l4-4-4-4v3H5v6h2zM17 17H7v-3l-4 4 4 4v-3h12v-6h-2z",
  loud: "M4 9v6h4l5 5V4L8 9zM16.5 12a4.5 4.5 0 0 0-2.5-4v8a4.5 4.5 0 0 0 2.5-4zM14 3.2v2.1a7 7 0 0 1 0 13.4v2.1a9 9 0 0 0 0-17.6z",
  mute: "M4 9v6h4l5 5V4L8 9zM20.5 9.5 19 8l-2 2-2-2-1.5 1.5 2 2.5-2 2.5L15 16l2-2 2 2 1.5-1.5-2-2.5z",
  fullscreen: "M5 14H3v7h7v-2H5zM3 10h2V5h5V3H3zM19 19h-5v2h7v-7h-2zM14 3v2h5v5h2V3z",
};
const SPEEDS = [0.5, 1, 1.5, 2];
const SPEED_KEYS = { 1: 1, 2: 1.5, 3: 2 };

const icon = (name) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
const rounded = (t) => Math.round(t * 1000) / 1000;

// An address may end in #offset=60: the file is a piece of the video that begins there.
function offsetOf(video) {
  return Number(/#offset=([\d.]+)/.exec(video.getAttribute("src") || "")?.[1] ?? 0);
}

function timeOf(video) {
  return video.currentTime + offsetOf(video);
}

function setTime(video, t) {
  video.currentTime = Math.max(0, t - offsetOf(video));
}

class Player {
  constructor(root) {
    this.root = root;
    this.abort = new AbortController();
    this.$ = (selector) => root.querySelector(selector);
    this.frame = this.$(".player");
    this.front = this.$("video.front");
    this.back = this.$("video.back");
    this.data = null;
    this.source = null; // {video_id, src, duration, fps} in front
    this.clip = null; // {start, end} in hand
    this.looping = true;
    this.loose = false; // the user went outside of the clip: do not pull back
    this.upcoming = [];
    this.history = []; // {clip, event}
    this.queueId = null;
    this.judged = new Set();
    this.mine = new Set();
    this.current = null;
    this.local = []; // blocks shown before the server has them: {id, video_id, block}
    this.labels = new Map(); // event id -> label
    this.last = null; // {id, kind, label} of the last event
    this.speed = 1;
    this.outbox = new Outbox((value) => this.api.setStateValue("outbox", value));
    this.timeline = new Timeline(this.$(".timeline"), this.abort.signal, {
      seek: (t) => this.seek(t, true),
      ranges: () => this.data.range,
      range: (range) => this.api.setStateValue("range", range && range.map(rounded)),
      view: (a, b) => this.askDetail(a, b),
      trim: (id, start, end) => document.dispatchEvent(new CustomEvent("punchline-trim", { detail: { id, start, end } })),
    });
    // What other components of the page may ask for; all times are seconds of the video.
    this.frame.punchline = {
      time: () => (this.front.seeking || !this.source ? null : timeOf(this.front)),
      playAt: (t) => {
        this.seek(t, true);
        this.play();
      },
      show: (t) => {
        this.pause();
        this.seek(t, true);
      },
      pause: () => this.pause(),
      duration: () => this.duration,
    };
    this.listen();
    const tick = () => {
      if (this.gone) return;
      this.tick();
      this.ticket = requestAnimationFrame(tick);
    };
    this.ticket = requestAnimationFrame(tick);
  }

  // --- data from the server; called again whenever it, or the theme, changes

  update(component) {
    this.api = component;
    const data = component.data;
    const first = this.data === null;
    this.data = data;
    const left = this.outbox.open(data.token);
    this.outbox.settle(data.ack);
    this.dress(first);
    this.local = this.local.filter(
      ({ id, video_id, block }) => !this.outbox.refused.has(id) && (this.outbox.holds(id) || !this.known(video_id, block)),
    );
    if (data.queue) this.updateQueue(left);
    else this.updateSource();
    this.updateTimeline();
    if (data.seek && data.seek.seq !== this.seekSeq) {
      this.seekSeq = data.seek.seq;
      this.seek(data.seek.t, true);
    }
    this.showState();
  }

  // Texts, and what of the controls this page has.
  dress(first) {
    const { data } = this;
    const T = data.texts;
    this.frame.style.setProperty("--stage", `${data.height}px`);
    const key = JSON.stringify([T, !!data.queue, !!data.mark, !!data.clip, data.jumps, data.range, data.keys]);
    if (key === this.dressed) return;
    this.dressed = key;
    const put = (name, picture, text) => {
      const button = this.$(`[data-do="${name}"]`);
      button.innerHTML = icon(picture);
      button.title = button.ariaLabel = text;
    };
    for (const name of ["frame-back", "frame-on", "previous", "next", "loop", "fullscreen"]) put(name, name, T[name.replace("-", "_")]);
    this.showPlay(true);
    this.showSound();
    this.$(".volume").ariaLabel = T.volume;
    this.$(".jumps").hidden = !data.jumps;
    this.$(".start").innerHTML = icon("play");
    this.$(".start").append(T.start);
    this.$(".speeds").replaceChildren(
      ...SPEEDS.map((speed) => {
        const button = document.createElement("button");
        button.type = "button";
        button.dataset.do = "speed";
        button.dataset.speed = speed;
        button.textContent = `${speed}×`;
        return button;
      }),
    );
    this.$(".speeds").ariaLabel = T.speed;
    this.setSpeed(this.speed);
    const judging = !!data.queue || data.mark;
    this.$(".judge").hidden = !judging;
    this.$(".discard").textContent = T.discard;
    const keys = { funny: "F", not_funny: "N", skip: "S", undo: "U" };
    const chosen = Object.fromEntries(Object.entries(data.keys).map(([pressed, meant]) => [meant, pressed]));
    for (const [name, usual] of Object.entries(keys)) {
      const letter = (chosen[usual.toLowerCase()] || usual).toUpperCase();
      const button = this.$(`[data-do="${name}"]`);
      button.innerHTML = `<kbd>${letter}</kbd>`;
      button.append(T[name]);
      button.hidden = !data.queue && (name === "not_funny" || name === "skip");
    }
    this.showKeys(T);
    if (first) this.showSaved();
  }

  showKeys(T) {
    const keys = [[T.space, T.pause]];
    if (this.data.queue) keys.push(["←", "→", T.move_start], ["⇧ ← →", T.move_start_far], ["[", "]", T.change_length]);
    if (this.data.jumps) keys.push(["J", "K", T.jump]);
    keys.push([",", ".", T.step], ["1", "2", "3", T.speeds], ["+", "−", T.zoom]);
    if (this.data.queue || this.data.clip) keys.push(["L", T.loop]);
    if (this.data.range) keys.push(["⇧", T.range]);
    this.$(".keys").replaceChildren(
      ...keys.map((parts) => {
        const item = document.createElement("span");
        for (const part of parts.slice(0, -1)) item.append(Object.assign(document.createElement("kbd"), { textContent: part }));
        item.append(" ", parts.at(-1));
        return item;
      }),
    );
  }

  known(video_id, block) {
    const labels = this.data.timelines[video_id]?.labels || [];
    return labels.some(([start, end, label]) => Math.abs(start - block[0]) < 0.05 && Math.abs(end - block[1]) < 0.05 && label === block[2]);
  }

  updateSource() {
    const { source, clip } = this.data;
    if (this.queueId !== null) this.leaveQueue();
    if (!source) {
      this.front.removeAttribute("src");
      this.front.load();
      this.source = null;
      return;
    }
    const changed = this.source?.src !== source.src;
    this.source = source;
    if (changed) this.load(this.front, source.src, source.start || 0);
    const key = clip && `${clip.start}|${clip.end}`;
    if (key !== this.clipKey) {
      this.clipKey = key;
      this.clip = clip;
      this.loose = false;
      this.setLooping(!!clip);
      if (clip) {
        this.seek(clip.start);
        if (!changed) this.play();
      }
    } else if (changed) this.setLooping(!!clip);
  }

  leaveQueue() {
    this.current = this.queueId = this.clip = null;
    this.upcoming = [];
    this.clipKey = undefined;
    this.timeline.home = null;
    this.timeline.reset();
    this.cover("");
  }

  // Take in the server's next clips; the order of those already here stays.
  updateQueue(left) {
    const { queue } = this.data;
    for (const id of Outbox.judged(left)) this.judged.add(id);
    if (queue.id !== this.queueId) {
      this.queueId = queue.id;
      this.upcoming = [];
      this.judged = Outbox.judged(this.outbox.events);
      if (this.current && !queue.clips.some((clip) => clip.clip_id === this.current.clip_id)) this.current = null;
    }
    const away = new Set((queue.gone || []).filter((id) => !this.mine.has(id)));
    this.upcoming = this.upcoming.filter((clip) => !away.has(clip.clip_id));
    if (this.current && away.has(this.current.clip_id)) {
      this.current = null;
      this.flash(this.data.texts.gone, "");
    }
    const here = new Set([...this.judged, ...this.upcoming.map((clip) => clip.clip_id), this.current?.clip_id]);
    for (const clip of queue.clips) {
      if (!here.has(clip.clip_id) && !away.has(clip.clip_id)) this.upcoming.push({ ...clip });
    }
    if (this.current) this.prepare();
    else this.advance();
  }

  updateTimeline() {
    const data = this.data.timelines[this.source?.video_id];
    const T = this.data.texts;
    const lanes = { labels: T.labels, moments: T.moments };
    this.timeline.set(data || {}, this.source?.video_id, this.duration, lanes);
    this.frameClip();
    this.timeline.extra = this.local.filter((item) => item.video_id === this.source?.video_id).map((item) => item.block);
  }

  // Seconds of the whole video: as the server knows it, else as the element has learnt it; null while nobody knows.
  get duration() {
    if (this.source?.duration) return this.source.duration;
    const { front } = this;
    return this.source && Number.isFinite(front.duration) ? front.duration + offsetOf(front) : null;
  }

  // --- the videos

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

  show(clip) {
    if (this.back.dataset.clip === clip.clip_id && this.back.getAttribute("src") === clip.src) this.swap();
    const { front } = this;
    const at = front.dataset.clip === clip.clip_id ? timeOf(front) : NaN;
    front.dataset.clip = clip.clip_id;
    this.source = { video_id: clip.video_id, src: clip.src, duration: clip.video_duration, fps: clip.fps };
    this.clip = clip;
    this.loose = false;
    this.setLooping(true);
    if (front.getAttribute("src") !== clip.src || !(at >= clip.start && at < clip.start + 0.05)) this.load(front, clip.src, clip.start);
    this.play();
    this.prepare();
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

  // Let the video behind wait at the next clip, but first let the one in front begin.
  prepare() {
    const next = this.upcoming[0];
    if (!next || this.back.dataset.clip === next.clip_id) return;
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      if (this.gone || this.upcoming[0] !== next) return;
      this.back.muted = true;
      this.back.dataset.clip = next.clip_id;
      this.load(this.back, next.src, next.start);
    }, 60);
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
    this.front.pause();
  }

  toggle() {
    if (this.front.paused) this.play();
    else this.pause();
  }

  seek(t, freely = false) {
    const { front, clip } = this;
    const to = Math.min(Math.max(t, 0), Math.max(0, (this.duration ?? Infinity) - 0.01));
    if (freely && clip && (to < clip.start || to >= clip.end)) this.loose = true;
    else if (clip) this.loose = false;
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

  jump(direction) {
    const moments = (this.data.timelines[this.source?.video_id]?.moments || []).map((m) => m[0]).sort((a, b) => a - b);
    const now = timeOf(this.front);
    const to = direction > 0 ? moments.find((t) => t > now + 0.05) : moments.filter((t) => t < now - 1).at(-1);
    if (to === undefined) return;
    this.seek(to, true);
    if (to < this.timeline.view[0] || to > this.timeline.view[1]) {
      const width = this.timeline.view[1] - this.timeline.view[0];
      this.timeline.look(to - width / 2, to + width / 2);
    }
    this.play();
  }

  setSpeed(speed) {
    this.speed = speed;
    this.front.playbackRate = speed;
    for (const button of this.root.querySelectorAll(".speeds button")) button.ariaPressed = String(Number(button.dataset.speed) === speed);
  }

  setLooping(looping) {
    this.looping = looping;
    const button = this.$(".loop");
    button.ariaPressed = String(looping && !this.loose && !!this.clip);
    button.hidden = !this.data?.queue && !this.data?.clip;
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

  // --- judging clips

  event(kind, more) {
    const clip = this.current || {};
    const whole = this.outbox.add({
      kind,
      clip_id: clip.clip_id || "",
      video_id: this.source.video_id,
      person_id: this.data.person_id,
      start: rounded(clip.start ?? 0),
      end: rounded(clip.end ?? 0),
      label: null,
      origin: clip.origin || "",
      time: rounded(timeOf(this.front)),
      duration: this.duration && rounded(this.duration),
      undoes: null,
      ...more,
    });
    this.last = whole;
    this.labels.set(whole.id, whole.label);
    this.showState();
    return whole;
  }

  judge(kind, label) {
    const clip = this.current;
    if (!clip) return;
    const event = this.event(kind, { label });
    this.history.push({ clip, event });
    this.judged.add(clip.clip_id);
    this.mine.add(clip.clip_id);
    if (label !== null) this.local.push({ id: event.id, video_id: clip.video_id, block: [event.start, event.end, label] });
    const name = label === null ? "skip" : label ? "funny" : "not_funny";
    this.flash(this.data.texts[name], name);
    this.advance();
    this.updateTimeline();
    this.showState();
  }

  advance() {
    this.current = this.upcoming.shift() || null;
    if (this.current) {
      this.cover("");
      this.show(this.current);
      this.updateTimeline();
    } else if (this.data.queue) {
      this.clip = null;
      this.front.pause();
      this.cover(this.data.texts.queue_empty);
    }
    this.showState();
  }

  undo() {
    const item = this.history.pop();
    if (!item) return;
    const { clip, event } = item;
    const { id, at, order, ...same } = event;
    if (this.outbox.refused.has(id)) this.outbox.discard([id]);
    else this.last = this.outbox.add({ ...same, kind: "undo", label: null, undoes: id });
    this.local = this.local.filter((local) => local.id !== event.id);
    this.judged.delete(clip.clip_id);
    if (event.kind !== "mark" && this.data.queue) {
      if (this.current) this.upcoming.unshift(this.current);
      this.current = clip;
      this.cover("");
      this.show(clip);
    }
    this.flash(this.data.texts.undone, "");
    this.updateTimeline();
    this.showState();
  }

  // In normal playback: the clip that ends a moment after the key.
  mark() {
    if (!this.source) return;
    const { duration, after } = this.data.mark;
    const whole = this.duration ?? Infinity;
    const now = timeOf(this.front);
    const end = Math.min(whole, Math.max(duration, now + after));
    const event = this.event("mark", { label: 1, origin: "marked", start: rounded(Math.max(0, end - duration)), end: rounded(end) });
    this.history.push({ clip: { ...event }, event });
    this.local.push({ id: event.id, video_id: event.video_id, block: [event.start, event.end, 1] });
    this.flash(`${this.data.texts.marked}  ${clockText(now)}`, "funny");
    this.updateTimeline();
  }

  // Move the clip in hand, or change its length, within what is allowed.
  nudge(by, lengthen = 0) {
    const { clip } = this;
    if (!this.current || clip !== this.current) return;
    const { shortest, longest } = this.data.queue;
    const whole = this.duration ?? Infinity;
    const length = Math.min(Math.max(rounded(clip.end - clip.start + lengthen), shortest), longest, whole);
    clip.start = rounded(Math.min(Math.max(clip.start + by, 0), whole - length));
    clip.end = rounded(clip.start + length);
    this.seek(lengthen ? Math.max(clip.start, clip.end - 1.5) : clip.start);
    this.timeline.dirty = true;
    this.showState();
  }

  // --- what is seen

  frameClip() {
    const { timeline, clip } = this;
    if (timeline.clip !== clip) {
      timeline.clip = clip;
      if (clip && this.data.queue) {
        const middle = (clip.start + clip.end) / 2;
        timeline.home = [middle - 20, middle + 20];
        timeline.reset();
      }
    }
    timeline.dirty = true;
  }

  // Ask for finer curves where the user looks, once the view has come to rest.
  askDetail(a, b) {
    clearTimeout(this.asking);
    if (!this.data?.timelines[this.source?.video_id]?.coarse) return;
    this.asking = setTimeout(() => {
      const { view } = this.data;
      const id = this.source.video_id;
      const width = b - a;
      if (width > 0.6 * this.timeline.duration) return;
      if (view && view.video_id === id && view.start <= a && view.end >= b && view.end - view.start < 4 * width) return;
      this.api.setStateValue("view", { video_id: id, start: rounded(Math.max(0, a - width)), end: rounded(b + width) });
    }, 350);
  }

  flash(text, name) {
    const flash = this.$(".flash");
    flash.textContent = text;
    flash.className = `flash on ${name}`;
    clearTimeout(this.flashing);
    this.flashing = setTimeout(() => flash.classList.remove("on"), 700);
  }

  showState() {
    this.showSaved();
    const T = this.data.texts;
    const { current } = this;
    this.$('[data-do="undo"]').disabled = !this.history.length;
    for (const name of ["funny", "not_funny", "skip"]) this.$(`[data-do="${name}"]`).disabled = !!this.data.queue && !current;
    const line = this.$(".clip-line");
    if (this.data.queue && current) {
      const n = this.history.filter((item) => item.event.kind !== "mark").length + 1;
      const origin = T[`origin_${current.origin}`] || "";
      line.textContent = [`${T.clip} ${n}`, clockText(current.start), `${(current.end - current.start).toFixed(1)} s`, origin].filter(Boolean).join("  ·  ");
    } else line.textContent = "";
    const counts = this.counts();
    this.$(".counts").textContent = `${T.funny} ${counts.funny}  ·  ${T.not_funny} ${counts.not_funny}`;
  }

  // The server's counts and what it has not counted yet.
  counts() {
    const given = (this.data.queue || this.data.mark)?.counts;
    const counts = { funny: given?.funny ?? 0, not_funny: given?.not_funny ?? 0 };
    const add = (label, by) => {
      if (label === 1) counts.funny += by;
      if (label === 0) counts.not_funny += by;
    };
    const events = given ? this.outbox.events : this.history.map((item) => item.event);
    for (const event of events) {
      add(event.label, 1);
      if (given && event.kind === "undo") add(this.labels.get(event.undoes), -1);
    }
    return counts;
  }

  showSaved() {
    const saved = this.$(".saved");
    const T = this.data.texts;
    const { last, outbox } = this;
    let state = "";
    let text = outbox.trouble(T);
    this.$(".discard").hidden = !outbox.refused.size;
    if (text) state = "fault";
    else if (last || outbox.events.length) {
      state = outbox.events.length ? "saving" : "saved";
      const what = { label: T[last?.label ? "funny" : "not_funny"], mark: T.funny, skip: T.skip, undo: T.undone }[last?.kind];
      const more = outbox.events.length > 1 ? ` (${outbox.events.length})` : "";
      text = [what, T[state] + more].filter(Boolean).join(" · ");
    }
    saved.dataset.state = state;
    saved.lastElementChild.textContent = saved.title = text;
  }

  showPlay(force = false) {
    const { paused } = this.front;
    if (paused === this.shownPaused && !force) return;
    this.shownPaused = paused;
    const button = this.$(".play");
    button.innerHTML = icon(paused ? "play" : "pause");
    button.title = button.ariaLabel = this.data.texts[paused ? "play" : "pause"];
  }

  showSound() {
    const button = this.$(".mute");
    button.innerHTML = icon(this.front.muted ? "mute" : "loud");
    button.title = button.ariaLabel = this.data.texts.mute;
    button.ariaPressed = String(this.front.muted);
  }

  tick() {
    if (!this.data) return;
    const { front } = this;
    this.keepLoop();
    const now = timeOf(front);
    const text = clockText(now);
    if (text !== this.shownTime) this.$(".now").textContent = this.shownTime = text;
    if (this.duration === null) this.timeline.stretch(now);
    const whole = this.duration === null ? "" : ` / ${clockText(this.duration, 0)}`;
    if (whole !== this.shownWhole) this.$(".whole").textContent = this.shownWhole = whole;
    this.showPlay();
    this.timeline.frame(now, !front.paused);
  }

  keepLoop() {
    const { front, clip } = this;
    if (!clip || !this.looping || this.loose || front.paused || front.seeking) return;
    const now = timeOf(front);
    if (now >= clip.end || now < clip.start - 0.3) setTime(front, clip.start);
  }

  // --- keys and buttons

  listen() {
    const { signal } = this.abort;
    const on = (target, name, action) => target.addEventListener(name, action, { signal });
    for (const video of [this.front, this.back]) {
      on(video, "loadedmetadata", () => {
        if (video.dataset.wanted !== undefined) this.jumpTo(video);
        if (video !== this.front) return;
        if (!video.videoWidth) return this.fail(video);
        video.playbackRate = this.speed;
        this.cover("");
        if (this.unplayable) this.api.setStateValue("unplayable", (this.unplayable = null));
        if (this.wants) this.play();
      });
      on(video, "durationchange", () => video === this.front && this.data && this.updateTimeline());
      on(video, "timeupdate", () => video === this.front && this.keepLoop()); // also while the tab is hidden
      on(video, "error", () => this.fail(video));
      on(video, "playing", () => video === this.front && (this.$(".start").hidden = true));
      on(video, "ended", () => {
        if (video !== this.front || !this.clip || !this.looping || this.loose) return;
        this.seek(this.clip.start);
        this.play();
      });
      on(video, "click", () => this.toggle());
    }
    on(this.$(".start"), "click", () => this.play());
    // The pointer moves no focus in here, but takes it from a text field: from then on the keys are the player's.
    on(this.frame, "mousedown", (event) => {
      if (event.target.tagName === "INPUT") return;
      event.preventDefault();
      document.activeElement?.blur();
    });
    on(this.frame, "click", (event) => {
      const button = event.target.closest("[data-do]");
      if (button) this.act(button.dataset.do, button);
    });
    on(this.$(".volume"), "input", (event) => this.setVolume(Number(event.target.value)));
    on(document, "keydown", (event) => this.key(event));
    try {
      const kept = localStorage.getItem("punchline/volume");
      if (kept !== null) this.setVolume(Number(kept));
    } catch (error) {
      console.warn("the browser's storage cannot be read", error);
    }
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

  act(name, button) {
    const actions = {
      play: () => this.toggle(),
      "frame-back": () => this.step(-1),
      "frame-on": () => this.step(1),
      previous: () => this.jump(-1),
      next: () => this.jump(1),
      speed: () => this.setSpeed(Number(button.dataset.speed)),
      loop: () => this.toggleLoop(),
      mute: () => {
        this.front.muted = !this.front.muted;
        this.showSound();
      },
      fullscreen: () => (document.fullscreenElement ? document.exitFullscreen() : this.frame.requestFullscreen()),
      funny: () => (this.data.queue ? this.judge("label", 1) : this.mark()),
      not_funny: () => this.judge("label", 0),
      skip: () => this.judge("skip", null),
      undo: () => this.undo(),
      discard: () => {
        this.outbox.discard();
        this.showState();
      },
    };
    actions[name]();
  }

  toggleLoop() {
    if (!this.clip) return;
    const wanted = this.loose || !this.looping;
    this.loose = false;
    this.setLooping(wanted);
  }

  // What a key does here; undefined if nothing.
  actionOf(letter, event) {
    const { data } = this;
    const judging = !event.repeat && {
      f: (data.queue && (() => this.judge("label", 1))) || (data.mark && (() => this.mark())),
      n: data.queue && (() => this.judge("label", 0)),
      s: data.queue && (() => this.judge("skip", null)),
      u: (data.queue || data.mark) && (() => this.undo()),
      " ": () => this.toggle(),
      l: () => this.toggleLoop(),
    };
    const far = event.shiftKey ? 1 : 0.1;
    const moving = {
      arrowleft: data.queue && (() => this.nudge(-far)),
      arrowright: data.queue && (() => this.nudge(far)),
      "[": data.queue && (() => this.nudge(0, -0.1)),
      "]": data.queue && (() => this.nudge(0, 0.1)),
      ",": () => this.step(-1),
      ".": () => this.step(1),
      "+": () => this.timeline.zoom(1 / 1.5),
      "=": () => this.timeline.zoom(1 / 1.5),
      "-": () => this.timeline.zoom(1.5),
      j: data.jumps && (() => this.jump(-1)),
      k: data.jumps && (() => this.jump(1)),
    };
    if (SPEED_KEYS[letter]) return () => this.setSpeed(SPEED_KEYS[letter]);
    return (judging && judging[letter]) || moving[letter];
  }

  key(event) {
    if (!this.data || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (!this.frame.getClientRects().length) return;
    const pressed = letterOf(event).toLowerCase();
    const letter = this.data.keys[pressed] ?? pressed;
    if (belongsElsewhere(event, letter)) return;
    const action = this.actionOf(letter, event);
    if (!action) return;
    event.preventDefault();
    action();
  }

  close() {
    this.gone = true;
    cancelAnimationFrame(this.ticket);
    for (const timer of [this.waiting, this.asking, this.flashing]) clearTimeout(timer);
    this.abort.abort();
    this.outbox.close();
    this.timeline.close();
    for (const video of [this.front, this.back]) {
      video.pause();
      video.removeAttribute("src");
      video.load(); // frees the connection
    }
  }
}

const players = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  let player = players.get(root);
  if (!player) players.set(root, (player = new Player(root)));
  player.update(component);
  // Also called when new data overtook a call that was still being set up: then the page keeps its player.
  const leave = () => {
    if (root.isConnected || players.get(root) !== player) return;
    players.delete(root);
    player.close();
  };
  return () => (root.isConnected ? setTimeout(leave, 1000) : leave());
}
