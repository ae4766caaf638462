// The canvases under the video: curves and blocks on one time axis, and an overview of the whole video.

const GUTTER = 82; // px left of the axis, for the lanes' names
const AXIS = 20;
const CURVE = 38;
const LOW_CURVE = 26; // where there are more than four curves
const SCORE = 50;
const BLOCKS = 18;
const GAP = 5;
const OVERVIEW = 22;
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const GRIP = 6; // px around an edge that can be dragged
const SHORTEST = 0.2; // s of a moment
const NARROWEST = 1; // s of the closest view
const UNKNOWN = 60; // s that are drawn at least of a video whose length nobody knows

function clockText(t, digits = 1) {
  const sign = t < 0 ? "-" : "";
  const scale = 10 ** digits;
  const units = Math.round(Math.abs(t) * scale);
  const seconds = units / scale;
  const h = Math.floor(seconds / 3600);
  const m = Math.floor(seconds / 60) % 60;
  const s = (seconds % 60).toFixed(digits).padStart(digits ? 3 + digits : 2, "0");
  return `${sign}${h}:${String(m).padStart(2, "0")}:${s}`;
}

function decoded(text, Type) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Type(bytes.buffer);
}

// Index of the first element that is not below t.
function bisect(times, t) {
  let a = 0;
  let b = times.length;
  while (a < b) {
    const m = (a + b) >> 1;
    if (times[m] < t) a = m + 1;
    else b = m;
  }
  return a;
}

class Timeline {
  constructor(element, signal, on) {
    this.element = element;
    this.on = on; // seek(t), range(a, b), view(a, b), trim(id, start, end)
    this.main = element.querySelector(".lanes");
    this.small = element.querySelector(".overview");
    this.tip = element.querySelector(".tip");
    this.still = document.createElement("canvas"); // all that does not move with the playhead
    this.duration = 0;
    this.lanes = [];
    this.rows = [];
    this.blocks = { labels: null, moments: null, unseen: [], not_judged: [] };
    this.extra = [];
    this.view = [0, 1];
    this.home = null; // the view that a double click goes back to; null is the whole
    this.clip = null;
    this.range = null;
    this.pointer = null; // px, while the pointer is over the lanes
    this.now = 0;
    this.dirty = true;
    this.drawn = "";
    this.listen(signal);
    this.observer = new ResizeObserver(() => (this.dirty = true));
    this.observer.observe(element);
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
      if (this.range) this.on.range((this.range = null));
      this.home = null;
      this.view = [0, Math.max(this.duration, NARROWEST)];
    }
    const curve = this.lanes.length > 4 ? LOW_CURVE : CURVE;
    this.rows = this.lanes.map((lane) => ({ lane, height: lane.role === "score" ? SCORE : curve }));
    if (data.labels) this.rows.push({ blocks: "labels", height: BLOCKS });
    if (data.moments) this.rows.push({ blocks: "moments", height: BLOCKS });
    let y = AXIS;
    for (const row of this.rows) {
      row.y = y;
      y += row.height + GAP;
    }
    this.height = y;
    this.dirty = true;
  }

  // Seconds that the data of a video of unknown length reach.
  extent() {
    const ends = this.lanes.map((lane) => lane.times.at(-1) ?? 0);
    for (const blocks of [this.blocks.labels, this.blocks.moments]) for (const block of blocks || []) ends.push(block[1]);
    return Math.max(UNKNOWN, ...ends);
  }

  // Make room for a time that lies behind what was thought to be the end.
  stretch(t) {
    if (t <= this.duration) return;
    const whole = !this.zoomed;
    this.duration = Math.ceil((t + 1) / UNKNOWN) * UNKNOWN;
    if (whole) this.view = [0, this.duration];
    this.dirty = true;
  }

  // --- geometry

  get width() {
    return this.element.clientWidth;
  }

  x(t) {
    return GUTTER + ((t - this.view[0]) / (this.view[1] - this.view[0])) * (this.width - GUTTER);
  }

  time(x) {
    const t = this.view[0] + ((x - GUTTER) / (this.width - GUTTER)) * (this.view[1] - this.view[0]);
    return Math.min(Math.max(t, 0), this.duration);
  }

  // The time under the pointer.
  get hover() {
    return this.pointer === null ? null : this.time(this.pointer);
  }

  look(a, b, told = true) {
    const whole = Math.max(this.duration, NARROWEST);
    const width = Math.min(Math.max(b - a, NARROWEST), whole);
    const start = Math.min(Math.max(a, 0), whole - width);
    this.view = [start, start + width];
    this.dirty = true;
    if (told) this.on.view(this.view[0], this.view[1]);
  }

  zoom(factor, centre = this.hover ?? this.now) {
    const [a, b] = this.view;
    const c = Math.min(Math.max(centre, a), b);
    this.look(c - (c - a) * factor, c + (b - c) * factor);
  }

  reset() {
    const [a, b] = this.home || [0, this.duration];
    this.look(a, b);
  }

  get zoomed() {
    return this.view[1] - this.view[0] < this.duration - 0.001;
  }

  // --- pointer

  listen(signal) {
    const on = (target, name, action, options = {}) => target.addEventListener(name, action, { signal, ...options });
    const at = (event) => this.time(event.offsetX);
    let drag = null; // "seek", the edge of a moment that is moved, or the time at which a range began
    on(this.main, "pointerdown", (event) => {
      if (event.button !== 0 || !this.duration) return;
      this.main.setPointerCapture(event.pointerId);
      drag = this.edgeAt(event) || (event.shiftKey && this.on.ranges() ? at(event) : "seek");
      if (drag === "seek") this.on.seek(at(event));
    });
    on(this.main, "pointermove", (event) => {
      this.pointer = event.offsetX;
      if (drag === null) this.main.style.cursor = this.edgeAt(event) ? "ew-resize" : "";
      if (drag === "seek") this.on.seek(this.hover);
      else if (drag?.id) this.moveEdge(drag);
      else if (drag !== null) this.range = [Math.min(drag, this.hover), Math.max(drag, this.hover)];
      this.dirty ||= drag !== null;
    });
    const done = (event) => {
      if (drag?.id) this.on.trim(drag.id, ...this.blocks.moments[drag.k].slice(0, 2));
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
    on(this.main, "pointercancel", () => (drag = null));
    on(this.main, "pointerleave", () => (this.pointer = null));
    on(this.main, "dblclick", () => this.reset());
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

  // The edge of a moment under the pointer: the place in the list, the moment's id, and 0 for its start, 1 for its end.
  edgeAt(event) {
    const row = this.rows.find((row) => row.blocks === "moments");
    const ids = this.blocks.moment_ids;
    if (!ids?.length || !row || event.offsetY < row.y || event.offsetY > row.y + row.height) return null;
    let best = null;
    this.blocks.moments.forEach((block, k) => {
      for (const side of [0, 1]) {
        const distance = Math.abs(this.x(block[side]) - event.offsetX);
        if (distance <= GRIP && (!best || distance < best.distance)) best = { k, side, distance, id: ids[k] };
      }
    });
    return best;
  }

  moveEdge({ k, side }) {
    const block = this.blocks.moments[k];
    const t = this.hover;
    block[side] = side ? Math.max(t, block[0] + SHORTEST) : Math.min(t, block[1] - SHORTEST);
    this.on.seek(block[side]);
    this.dirty = true;
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
    if (playing && this.zoomed && this.pointer === null && (now > this.view[1] || now < this.view[0])) {
      const width = this.view[1] - this.view[0];
      this.look(now - width * 0.1, now + width * 0.9);
    }
    const key = `${this.dirty}|${now.toFixed(3)}|${this.hover}|${this.width}|${devicePixelRatio}`;
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
  }

  vertical(ctx, x, colour, alpha, top = AXIS) {
    ctx.globalAlpha = alpha;
    ctx.fillStyle = colour;
    ctx.fillRect(Math.round(x * devicePixelRatio) / devicePixelRatio - 0.5, top, 1, this.height - top - GAP);
    ctx.globalAlpha = 1;
  }

  sized(canvas, height) {
    const w = Math.round(this.width * devicePixelRatio);
    const h = Math.round(height * devicePixelRatio);
    if (canvas.width !== w || canvas.height !== h) {
      canvas.width = w;
      canvas.height = h;
      canvas.style.height = `${height}px`;
    }
    const ctx = canvas.getContext("2d");
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    ctx.clearRect(0, 0, this.width, height);
    return ctx;
  }

  readColours() {
    const style = getComputedStyle(this.element);
    const colour = (name) => style.getPropertyValue(name).trim();
    this.ink = { ink: colour("--ink"), accent: colour("--accent"), funny: colour("--funny"), not_funny: colour("--not-funny") };
    this.ink.tint = colour("--tint");
    for (const role of ["arousal", "valence", "loudness", "pitch", "score", "laughter", "chat", "waveform", "plain"]) this.ink[role] = colour(`--lane-${role}`);
    this.font = style.fontFamily;
  }

  colourOf(lane) {
    return lane.colour || this.ink[lane.role] || this.ink.plain;
  }

  hatch(ctx) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const pen = tile.getContext("2d");
    pen.strokeStyle = this.ink.ink;
    pen.globalAlpha = 0.22;
    pen.lineWidth = 1.2;
    pen.beginPath();
    for (const d of [-8, 0, 8]) {
      pen.moveTo(d, 8);
      pen.lineTo(d + 8, 0);
    }
    pen.stroke();
    return ctx.createPattern(tile, "repeat");
  }

  drawStill() {
    this.dirty = false;
    this.painted = `${this.width}|${devicePixelRatio}`;
    this.readColours();
    this.sized(this.main, this.height);
    const ctx = this.sized(this.still, this.height);
    this.drawAxis(ctx);
    for (const row of this.rows) this.drawName(ctx, row);
    ctx.save();
    ctx.beginPath();
    ctx.rect(GUTTER, 0, this.width - GUTTER, this.height);
    ctx.clip();
    for (const row of this.rows) {
      ctx.globalAlpha = 0.5;
      ctx.fillStyle = this.ink.tint;
      ctx.fillRect(GUTTER, row.y, this.width - GUTTER, row.height);
      ctx.globalAlpha = 1;
    }
    this.drawSpans(ctx);
    for (const row of this.rows) {
      if (row.lane) this.drawCurve(ctx, row);
      else this.drawBlocks(ctx, row);
    }
    if (this.range) this.drawBand(ctx, this.range, this.ink.accent, 0.13);
    if (this.clip) this.drawBand(ctx, [this.clip.start, this.clip.end], this.ink.ink, 0.07);
    ctx.restore();
  }

  drawAxis(ctx) {
    const [a, b] = this.view;
    const px = (this.width - GUTTER) / (b - a);
    const step = STEPS.find((s) => s * px >= 84) || 7200;
    const digits = step < 1 ? 1 : 0;
    ctx.font = `11px ${this.font}`;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    ctx.fillStyle = this.ink.ink;
    for (let i = Math.ceil(a / step); i * step <= b; i++) {
      const x = Math.round(this.x(i * step)) + 0.5;
      ctx.globalAlpha = 0.14;
      ctx.fillRect(x - 0.5, 4, 1, this.height - 4 - GAP);
      ctx.globalAlpha = 0.55;
      if (x < this.width - 48) ctx.fillText(clockText(i * step, digits), x + 4, 8);
    }
    ctx.globalAlpha = 1;
  }

  drawName(ctx, row) {
    ctx.font = `11.5px ${this.font}`;
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    ctx.globalAlpha = 0.72;
    ctx.fillStyle = this.ink.ink;
    const middle = row.y + row.height / 2;
    const indent = row.lane ? 12 : 0;
    ctx.fillText(row.lane ? row.lane.label : this.names[row.blocks], indent, middle + 0.5, GUTTER - indent - 6);
    ctx.globalAlpha = 1;
    if (!row.lane) return;
    ctx.fillStyle = this.colourOf(row.lane);
    ctx.fillRect(0, middle - 4, 3, 8);
  }

  // Stretches in which nobody was seen (all curves) and that were not judged (the score).
  drawSpans(ctx) {
    const pattern = this.hatch(ctx);
    const curves = this.rows.filter((row) => row.lane);
    const spans = (list, rows) => {
      for (const [start, end] of list || []) {
        if (end < this.view[0] || start > this.view[1]) continue;
        const x = this.x(start);
        ctx.fillStyle = pattern;
        for (const row of rows) ctx.fillRect(x, row.y, Math.max(1, this.x(end) - x), row.height);
      }
    };
    spans(this.blocks.unseen, curves.filter((row) => !["loudness", "pitch", "score", "laughter", "chat", "waveform"].includes(row.lane.role)));
    spans(this.blocks.not_judged, curves.filter((row) => row.lane.role === "score"));
  }

  drawCurve(ctx, row) {
    const { times, values, lo, hi, role, threshold } = row.lane;
    const inner = row.height - 6;
    const y = (v) => row.y + 3 + inner * (1 - Math.min(1, Math.max(0, (v - lo) / (hi - lo))));
    const colour = this.colourOf(row.lane);
    if (lo < 0 && hi > 0) {
      ctx.globalAlpha = 0.18;
      ctx.fillStyle = this.ink.ink;
      ctx.fillRect(GUTTER, Math.round(y(0)), this.width - GUTTER, 1);
    }
    const first = Math.max(0, bisect(times, this.view[0]) - 1);
    const last = Math.min(times.length, bisect(times, this.view[1]) + 1);
    ctx.globalAlpha = 0.95;
    ctx.strokeStyle = colour;
    ctx.lineWidth = role === "score" ? 1.5 : 1.2;
    ctx.lineJoin = "round";
    ctx.beginPath();
    let pen = false;
    for (let i = first; i < last; i++) {
      const v = values[i];
      if (Number.isNaN(v)) pen = false;
      else if (pen) ctx.lineTo(this.x(times[i]), y(v));
      else {
        pen = true;
        const x = this.x(times[i]);
        ctx.moveTo(x, y(v));
        if (i + 1 >= last || Number.isNaN(values[i + 1])) ctx.lineTo(x + 1.2, y(v)); // a lone sample is a dot
      }
    }
    ctx.stroke();
    if (threshold !== null && threshold !== undefined) {
      ctx.globalAlpha = 0.7;
      ctx.strokeStyle = this.ink.ink;
      ctx.lineWidth = 1;
      ctx.setLineDash([4, 3]);
      ctx.beginPath();
      ctx.moveTo(GUTTER, Math.round(y(threshold)) + 0.5);
      ctx.lineTo(this.width, Math.round(y(threshold)) + 0.5);
      ctx.stroke();
      ctx.setLineDash([]);
    }
    ctx.globalAlpha = 1;
  }

  drawBlocks(ctx, row, scale = null) {
    const x = scale || ((t) => this.x(t));
    const put = (start, end, colour, alpha) => {
      const a = x(start);
      ctx.globalAlpha = alpha;
      ctx.fillStyle = colour;
      ctx.beginPath();
      ctx.roundRect(a, row.y + 2, Math.max(2, x(end) - a), row.height - 4, Math.min(3, Math.max(0, (x(end) - a) / 3)));
      ctx.fill();
      ctx.globalAlpha = 1;
    };
    if (row.blocks === "moments") {
      for (const [start, end, score] of this.blocks.moments || []) put(start, end, this.ink.score, 0.35 + 0.65 * score);
      return;
    }
    for (const [start, end, label] of [...(this.blocks.labels || []), ...this.extra]) {
      put(start, end, label ? this.ink.funny : this.ink.not_funny, label ? 0.95 : 0.6);
    }
  }

  drawBand(ctx, [start, end], colour, alpha) {
    const a = this.x(start);
    const b = this.x(end);
    ctx.globalAlpha = alpha;
    ctx.fillStyle = colour;
    ctx.fillRect(a, AXIS, b - a, this.height - AXIS - GAP);
    ctx.globalAlpha = 0.75;
    ctx.fillRect(Math.round(a), AXIS - 4, 1, this.height - AXIS + 4 - GAP);
    ctx.fillRect(Math.round(b), AXIS - 4, 1, this.height - AXIS + 4 - GAP);
    ctx.fillRect(Math.round(a), AXIS - 4, Math.round(b) - Math.round(a) + 1, 2);
    ctx.globalAlpha = 1;
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
    head.textContent = clockText(this.hover);
    const lines = this.lanes.map((lane) => line(this.colourOf(lane), lane.label, this.valueAt(lane)));
    const moment = (this.blocks.moments || []).find(([start, end]) => start <= this.hover && this.hover < end);
    if (moment) lines.push(line(this.ink.score, this.names.moments, moment[2].toFixed(2)));
    this.tip.replaceChildren(head, ...lines);
    const right = this.pointer + 16 + this.tip.offsetWidth > this.width;
    this.tip.style.left = `${right ? this.pointer - 14 - this.tip.offsetWidth : this.pointer + 14}px`;
  }

  valueAt(lane) {
    const i = bisect(lane.times, this.hover);
    const nearer = i > 0 && (i >= lane.times.length || this.hover - lane.times[i - 1] < lane.times[i] - this.hover) ? i - 1 : i;
    const value = lane.values[nearer];
    return value === undefined || Number.isNaN(value) ? "–" : value.toFixed(Math.abs(lane.hi - lane.lo) > 10 ? 1 : 2);
  }

  close() {
    this.observer.disconnect();
  }
}
