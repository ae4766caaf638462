// The canvases under the video: lanes with the playhead and what the pointer does there, and an overview of the whole.

const OVERVIEW = 22;
const KEY_STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }; // s
const HOVER_REST = 120; // ms for which the pointer rests before a picture is asked for

class Timeline extends Edges {
  constructor(element, signal, on) {
    super(element, on);
    this.small = element.querySelector(".overview");
    this.tip = element.querySelector(".tip");
    this.picture = Object.assign(document.createElement("img"), { alt: "", hidden: true });
    this.picture.onload = () => (this.picture.hidden = false);
    this.picture.onerror = () => (this.picture.hidden = true);
    this.drawn = "";
    this.listen(signal);
    this.observer = new ResizeObserver(() => (this.dirty = true));
    this.observer.observe(element);
    addEventListener("resize", () => this.lay(), { signal });
    addEventListener("pagehide", () => this.remember(), { signal });
  }

  // data of one video; names are the translated names of the block lanes; duration null while unknown
  set(data, id, duration, names) {
    const old = this.lanes;
    this.lanes = (data.lanes || []).map((lane, i) =>
      old[i] && old[i].t === lane.t && old[i].v === lane.v
        ? { ...lane, times: old[i].times, values: old[i].values }
        : { ...lane, times: decoded(lane.t, Float32Array), values: decoded(lane.v, Float32Array) },
    );
    this.blocks = data;
    this.names = names;
    if (duration !== this.stated || id !== this.id) {
      this.id = id;
      this.stated = duration;
      this.duration = duration ?? this.extent();
      this.clip = null;
      this.held = null;
      this.recalled = false;
      if (this.range) this.on.range((this.range = null));
      this.home = null;
      this.view = [0, Math.max(this.duration, NARROWEST)];
      this.recall();
    }
    this.lay();
  }

  // Seconds that the data of a video of unknown length reach.
  extent() {
    const ends = this.lanes.map((lane) => lane.times.at(-1) ?? 0);
    for (const blocks of [this.blocks.labels, this.blocks.moments]) for (const block of blocks || []) ends.push(block[1]);
    return Math.max(UNKNOWN, ...ends);
  }

  listen(signal) {
    const on = (target, name, action, options = {}) => target.addEventListener(name, action, { signal, ...options });
    const at = (event) => this.time(event.offsetX);
    let drag = null; // "seek", or the time at which a range began
    on(this.main, "pointerdown", (event) => {
      if (event.button !== 0 || !this.duration) return;
      this.main.setPointerCapture(event.pointerId);
      this.held = this.edgeAt(event);
      if (this.held) return;
      drag = event.shiftKey && this.on.ranges() ? at(event) : "seek";
      if (drag !== "seek") return;
      const k = this.onMoments(event) ? this.momentAt(at(event)) : -1;
      if (k >= 0) this.on.touch(this.blocks.moment_ids[k]);
      this.on.seek(at(event));
    });
    on(this.main, "pointermove", (event) => {
      this.pointer = event.offsetX;
      this.noted = event.offsetX < GUTTER ? this.rows.find((row) => row.y <= event.offsetY && event.offsetY < row.y + row.height)?.lane : null;
      if (this.held) return this.moveEdge();
      if (drag === null) this.main.style.cursor = this.edgeAt(event) ? "ew-resize" : "";
      if (drag === "seek") this.on.seek(this.hover);
      else if (drag !== null) this.range = [Math.min(drag, this.hover), Math.max(drag, this.hover)];
      this.dirty ||= drag !== null;
    });
    const done = (event) => {
      if (this.held) this.letGo();
      else if (drag !== null && drag !== "seek") {
        const end = at(event);
        this.range = Math.abs(end - drag) * (this.width - GUTTER) < 4 * (this.view[1] - this.view[0])
          ? null
          : [Math.min(drag, end), Math.max(drag, end)];
        this.dirty = true;
        this.on.range(this.range);
      }
      drag = null;
    };
    on(this.main, "pointerup", done);
    on(this.main, "pointercancel", () => {
      this.giveUp();
      drag = null;
    });
    on(this.main, "pointerleave", () => (this.pointer = null));
    on(document, "keydown", () => drag === null && !this.held && (this.pointer = null)); // who works by keys looks at the curves
    on(this.main, "dblclick", () => this.reset());
    on(this.main, "keydown", (event) => this.key(event));
    on(this.main, "focus", () => this.tell());
    on(this.main, "wheel", (event) => this.wheel(event), { passive: false });
    const pan = (event) => {
      const middle = ((event.offsetX - GUTTER) / (this.width - GUTTER)) * this.duration;
      const half = (this.view[1] - this.view[0]) / 2;
      this.look(middle - half, middle + half);
    };
    on(this.small, "pointerdown", (event) => {
      this.small.setPointerCapture(event.pointerId);
      if (this.zoomed) pan(event);
      else this.on.seek((Math.max(0, event.offsetX - GUTTER) / (this.width - GUTTER)) * this.duration);
    });
    on(this.small, "pointermove", (event) => event.buttons & 1 && this.zoomed && pan(event));
  }

  // The keys of a slider, for those who reach the lanes by keyboard.
  key(event) {
    const ends = { Home: 0, End: this.duration };
    const to = ends[event.key] ?? this.now + KEY_STEPS[event.key] * (event.shiftKey ? 10 : 1);
    if (Number.isNaN(to) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.on.seek(Math.min(Math.max(to, 0), this.duration));
  }

  // What the lanes hold at the playhead, for screen readers.
  tell() {
    const values = this.lanes.map((lane) => `${lane.label} ${this.valueAt(lane, this.now)}`);
    const k = this.momentAt(this.now);
    if (k >= 0) values.push(`${this.names.moments} ${this.blocks.moment_names[k] ?? ""}`);
    this.main.setAttribute("aria-valuemax", this.duration.toFixed(1));
    this.main.setAttribute("aria-valuenow", this.now.toFixed(1));
    this.main.setAttribute("aria-valuetext", [clockText(this.now), ...values].join(", "));
  }

  wheel(event) {
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!event.ctrlKey && !sideways) return; // the page scrolls
    event.preventDefault();
    if (sideways) {
      const by = ((event.deltaX || event.deltaY) / (this.width - GUTTER)) * (this.view[1] - this.view[0]);
      this.look(this.view[0] + by, this.view[1] + by);
    } else {
      this.zoom(Math.exp(Math.max(-120, Math.min(120, event.deltaY)) / 300), this.time(event.offsetX));
    }
  }

  // --- drawing

  // Called for every picture of the screen; draws only what changed.
  frame(now, playing) {
    this.now = now;
    this.width = this.element.clientWidth;
    this.pan();
    if (playing && this.zoomed && this.pointer === null && (now > this.view[1] || now < this.view[0])) {
      const width = this.view[1] - this.view[0];
      this.look(now - width * 0.1, now + width * 0.9);
    }
    const key = `${this.dirty}|${now.toFixed(3)}|${this.hover}|${this.noted?.role}|${this.width}|${devicePixelRatio}`;
    if (key === this.drawn || !this.width || !this.height) return;
    if (this.dirty || this.painted !== `${this.width}|${devicePixelRatio}`) this.drawStill();
    this.drawn = key.replace(/^true/, "false");
    const ctx = this.main.getContext("2d");
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, this.main.width, this.main.height);
    ctx.drawImage(this.still, 0, 0);
    ctx.scale(devicePixelRatio, devicePixelRatio);
    if (this.hover !== null) this.vertical(ctx, this.x(this.hover), this.ink.ink, 0.35);
    if (now >= this.view[0] && now <= this.view[1]) {
      const x = this.x(now);
      this.vertical(ctx, x, this.ink.accent, 1, AXIS - 6);
      ctx.beginPath();
      ctx.moveTo(x - 5, AXIS - 12);
      ctx.lineTo(x + 5, AXIS - 12);
      ctx.lineTo(x, AXIS - 5);
      ctx.fillStyle = this.ink.accent;
      ctx.fill();
    }
    this.drawOverview();
    this.showTip();
    if (!playing && this.main.matches(":focus")) this.tell();
  }

  drawOverview() {
    const ctx = this.sized(this.small, OVERVIEW);
    const x = (t) => GUTTER + (t / Math.max(this.duration, NARROWEST)) * (this.width - GUTTER);
    ctx.fillStyle = this.ink.tint;
    ctx.globalAlpha = 0.9;
    ctx.beginPath();
    ctx.roundRect(GUTTER, 4, this.width - GUTTER, 14, 3);
    ctx.fill();
    ctx.globalAlpha = 1;
    const row = { y: 4, height: 14 };
    this.drawBlocks(ctx, { ...row, blocks: this.blocks.moments ? "moments" : "labels" }, x);
    if (this.zoomed) {
      const a = x(this.view[0]);
      const b = Math.max(x(this.view[1]), a + 4);
      ctx.globalAlpha = 0.12;
      ctx.fillStyle = this.ink.ink;
      ctx.fillRect(a, 2, b - a, 18);
      ctx.globalAlpha = 0.6;
      ctx.strokeStyle = this.ink.ink;
      ctx.strokeRect(Math.round(a) + 0.5, 2.5, Math.round(b - a) - 1, 17);
      ctx.globalAlpha = 1;
    }
    ctx.fillStyle = this.ink.accent;
    ctx.fillRect(Math.round(x(this.now)), 1, 1.5, 20);
    ctx.globalAlpha = 0.6;
    ctx.fillStyle = this.ink.ink;
    ctx.font = `11px ${this.font}`;
    ctx.textBaseline = "middle";
    ctx.fillText(clockText(this.duration, 0), 12, 11.5, GUTTER - 18);
    ctx.globalAlpha = 1;
  }

  showTip() {
    this.tip.hidden = this.hover === null || !this.rows.length;
    if (this.tip.hidden) return;
    const line = (colour, name, value) => {
      const row = document.createElement("span");
      const left = document.createElement("em");
      const dot = document.createElement("i");
      left.style.fontStyle = "normal";
      dot.style.background = colour;
      left.append(dot, name);
      row.append(left, value);
      return row;
    };
    const head = document.createElement("b");
    if (this.noted?.note) {
      head.textContent = this.noted.label;
      const note = Object.assign(document.createElement("p"), { textContent: this.noted.note });
      this.tip.replaceChildren(head, note);
      this.tip.style.left = `${GUTTER}px`;
      return;
    }
    head.textContent = clockText(this.hover);
    const lines = this.lanes.map((lane) => line(this.colourOf(lane), lane.label, this.valueAt(lane, this.hover)));
    const k = this.momentAt(this.hover);
    if (k >= 0) lines.push(line(this.ink.score, this.names.moments, this.blocks.moment_names[k] ?? ""));
    this.tip.replaceChildren(this.stillAt(this.hover), head, ...lines);
    const right = this.pointer + 16 + this.tip.offsetWidth > this.width;
    this.tip.style.left = `${right ? this.pointer - 14 - this.tip.offsetWidth : this.pointer + 14}px`;
  }

  // View and range come back after a reload of the tab.
  recall() {
    const kept = remembered(`view/${this.token}/${this.id}`);
    if (!kept || !(kept.view[1] <= this.duration)) return;
    this.view = kept.view;
    this.recalled = true;
    this.range = kept.range;
    if (this.range && this.on.ranges()) this.on.range(this.range);
  }

  remember() {
    if (this.id && !this.home) remember(`view/${this.token}/${this.id}`, { view: this.view, range: this.range });
  }

  // The picture of the time under the pointer, once the pointer rests there; until then the one before.
  stillAt(t) {
    const { stills } = this.blocks;
    const src = stills ? `${stills}${(Math.round(2 * t) / 2).toFixed(1)}` : "";
    if (src !== this.wanted) {
      this.wanted = src;
      clearTimeout(this.resting);
      this.resting = src && setTimeout(() => (this.picture.src = src), HOVER_REST);
    }
    return this.picture;
  }

  valueAt(lane, t) {
    const i = bisect(lane.times, t);
    const nearer = i > 0 && (i >= lane.times.length || t - lane.times[i - 1] < lane.times[i] - t) ? i - 1 : i;
    const value = lane.values[nearer];
    if (value === undefined || Number.isNaN(value)) return "–";
    if (lane.percent) return percentText(value);
    return value.toFixed(Math.abs(lane.hi - lane.lo) > 10 ? 1 : 2).replace(/^-(?=[0.]+$)/, ""); // no -0.00
  }

  close() {
    this.remember();
    clearTimeout(this.resting);
    this.observer.disconnect();
  }
}
