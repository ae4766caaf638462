// The player of a page: what the server tells, the keys and buttons, and what other components may ask for.

const SPEED_KEYS = { 1: 1, 2: 1.5, 3: 2, 4: 4, 5: 8 };

class Player extends Judge {
  constructor(root) {
    super(root);
    this.timeline = new Timeline(this.$(".timeline"), this.abort.signal, {
      seek: (t) => this.seek(t, true),
      ranges: () => this.data.range,
      range: (range) => this.api.setStateValue("range", range && range.map(rounded)),
      view: (a, b) => this.askDetail(a, b),
      touch: (id, edge, t) => document.dispatchEvent(new CustomEvent("punchline-touch", { detail: { id, edge, t } })),
    });
    this.faces = new Faces(this.$(".face"), this.$('[data-do="face"]'), {
      front: () => this.front,
      want: (start, end) => this.api.setStateValue("faces", this.source && { video_id: this.source.video_id, start, end }),
    });
    // What other components of the page may ask for; all times are seconds of the video.
    this.frame.punchline = {
      time: () => (this.front.seeking || !this.source ? null : timeOf(this.front)),
      playAt: (t) => {
        this.seek(t, true);
        this.play();
      },
      goTo: (t) => {
        this.comeIntoView();
        this.seek(t, true);
        this.play();
      },
      show: (t) => {
        this.pause();
        this.seek(t, true);
      },
      pause: () => this.pause(),
      hold: (moment) => this.hold(moment),
      look: (start, end, near) => this.timeline.reveal(start, end, near),
      say: (text) => this.flash(text, "", 2500),
      duration: () => this.duration,
      video: () => this.source?.video_id ?? null,
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
    this.timeline.token = data.token;
    this.outbox.settle(data.ack);
    this.dress(first);
    this.local = this.local.filter(
      ({ id, video_id, block }) => !this.outbox.refused.has(id) && (this.outbox.holds(id) || !this.known(video_id, block)),
    );
    if (data.queue) this.updateQueue(left);
    else this.updateSource();
    this.updateTimeline();
    this.faces.set(data.faces);
    if (data.seek && data.seek.seq !== this.seekSeq) {
      if (!first) this.comeIntoView();
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
    this.frame.style.setProperty("--rest", `${data.rest}px`);
    const key = JSON.stringify([T, !!data.queue, !!data.mark, !!data.clip, data.jumps, data.trims, data.range, data.keys]);
    if (key === this.dressed) return;
    this.dressed = key;
    const put = (name, picture, text) => {
      const button = this.$(`[data-do="${name}"]`);
      button.innerHTML = icon(picture);
      button.title = button.ariaLabel = text;
    };
    for (const name of ["frame-back", "frame-on", "previous", "next", "loop", "fullscreen", "keys", "face", "whole"]) put(name, name, T[name.replace("-", "_")]);
    this.showPlay(true);
    this.showSound();
    this.$(".volume").ariaLabel = T.volume;
    this.$(".lanes").ariaLabel = T.timeline;
    this.$(".jumps").hidden = !data.jumps;
    this.$(".start").innerHTML = icon("play");
    this.$(".start").append(T.start);
    this.$(".speed").replaceChildren(...SPEEDS.map((speed) => new Option(`${speed}×`, speed)));
    this.$(".speed").title = this.$(".speed").ariaLabel = T.speed;
    this.setSpeed(this.speed);
    const judging = !!data.queue || data.mark;
    this.$(".judge").hidden = !judging;
    this.$(".discard").textContent = T.discard;
    const keys = { funny: "F", not_funny: "N", skip: "S", undo: "U" };
    for (const [name, usual] of Object.entries(keys)) {
      const letter = shownKey(data.keys, usual);
      const button = this.$(`[data-do="${name}"]`);
      button.innerHTML = `<kbd>${letter}</kbd>`;
      button.append(T[name]);
      button.hidden = !data.queue && (name === "not_funny" || name === "skip");
    }
    this.$(".keys").replaceChildren(...keyList(T, data));
    this.$('[data-do="face"]').hidden = !data.faces;
    if (first) this.showSaved();
  }

  updateTimeline() {
    const data = this.data.timelines[this.source?.video_id];
    const T = this.data.texts;
    const lanes = { labels: T.labels, moments: T.moments, seen: T.seen, others: data?.others_name };
    this.timeline.set(data || {}, this.source?.video_id, this.duration, lanes);
    this.frameClip();
    this.timeline.extra = this.local.filter((item) => item.video_id === this.source?.video_id).map((item) => item.block);
  }

  // Scroll the picture into sight, for those who clicked a time far below it.
  comeIntoView() {
    this.$(".stage").scrollIntoView({ block: "nearest", behavior: "smooth" });
  }

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

  tick() {
    if (!this.data) return;
    const { front } = this;
    this.keepInside();
    const now = timeOf(front);
    const text = clockText(now);
    if (text !== this.shownTime) this.$(".now").textContent = this.shownTime = text;
    if (this.duration === null) this.timeline.stretch(now);
    const whole = this.duration === null ? "" : ` / ${clockText(this.duration, 0)}`;
    if (whole !== this.shownWhole) this.$(".whole").textContent = this.shownWhole = whole;
    this.showPlay();
    this.$('[data-do="whole"]').disabled = !this.timeline.zoomed;
    this.timeline.frame(now, !front.paused);
    this.faces.frame(now);
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
      on(video, "timeupdate", () => video === this.front && this.keepInside()); // also while the tab is hidden
      on(video, "error", () => this.fail(video));
      on(video, "playing", () => video === this.front && (this.$(".start").hidden = true));
      on(video, "ended", () => {
        const { clip } = this;
        if (video !== this.front || !clip || this.loose) return;
        if (this.looping && !clip.once) {
          this.seek(clip.start);
          this.play();
        } else if (clip.id) this.stopAt(clip.end);
      });
      on(video, "click", () => this.toggle());
    }
    on(this.$(".start"), "click", () => this.play());
    on(this.$(".keys"), "click", () => this.toggleKeys(false));
    // The pointer moves no focus in here, but takes it from a text field: from then on the keys are the player's.
    on(this.frame, "mousedown", (event) => {
      if (event.target.matches("input, select")) return;
      event.preventDefault();
      document.activeElement?.blur();
    });
    on(this.frame, "click", (event) => {
      const button = event.target.closest("[data-do]");
      if (button) this.act(button.dataset.do);
    });
    on(this.$(".volume"), "input", (event) => this.setVolume(Number(event.target.value)));
    on(this.$(".speed"), "change", ({ target }) => {
      this.setSpeed(Number(target.value));
      target.blur(); // the keys are the player's again
    });
    on(document, "keydown", (event) => this.key(event));
    giveKeysBack(signal);
    try {
      const kept = localStorage.getItem("punchline/volume");
      if (kept !== null) this.setVolume(Number(kept));
    } catch (error) {
      console.warn("the browser's storage cannot be read", error);
    }
  }

  toggleKeys(shown = this.$(".keys").hidden) {
    this.$(".keys").hidden = !shown;
    this.$('[data-do="keys"]').ariaExpanded = String(shown);
  }

  act(name) {
    const actions = {
      play: () => this.toggle(),
      "frame-back": () => this.step(-1),
      "frame-on": () => this.step(1),
      previous: () => document.dispatchEvent(new CustomEvent("punchline-step", { detail: -1 })),
      next: () => document.dispatchEvent(new CustomEvent("punchline-step", { detail: 1 })),
      keys: () => this.toggleKeys(),
      whole: () => this.timeline.look(0, this.timeline.duration),
      face: () => this.faces.toggle(),
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
      onward: () => this.api.setTriggerValue("onward", true),
      discard: () => {
        this.outbox.discard();
        this.showState();
      },
    };
    actions[name]();
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
      "/": () => this.toggleLoop(),
      "?": () => this.toggleKeys(),
      escape: !this.$(".keys").hidden && (() => this.toggleKeys(false)),
      j: () => this.shuttle(-1),
      k: () => this.pause(),
      l: () => this.shuttle(1),
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
    for (const timer of [this.waiting, this.asking, this.flashing, this.running]) clearTimeout(timer);
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
