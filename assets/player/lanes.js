// Curves and blocks on the time axis, drawn where something other than the playhead has changed.

const BESIDE_HEAD = 8; // px of a time from its line, so that the playhead on the line leaves it free
const AXIS = 20;
const HEIGHTS = { score: 50, curve: 42, low: 30, blocks: 18, seen: 12 };
const SMALL = { score: 42, curve: 34, low: 24, blocks: 16, seen: 10 }; // on a low window
const LOW_WINDOW = 800; // px
const MANY = 4; // curves that are tall
const GAP = 5;
const GRIP_WIDTH = 18; // px of what marks the edge that keys move
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const HEARD = ["loudness", "pitch", "score", "laughter", "chat", "waveform"]; // also where nobody is seen

// A probability in per cent, with a digit after the point where it is small.
function percentText(value) {
  return `${value >= 0.0995 ? (100 * value).toFixed(0) : (100 * value).toFixed(1).replace(".0", "")}%`;
}

class Lanes extends Axis {
  constructor(element, on) {
    super(element, on);
    this.main = element.querySelector(".lanes");
    this.still = document.createElement("canvas"); // all that does not move with the playhead
    this.lanes = [];
    this.rows = [];
    this.blocks = { labels: null, moments: null, unseen: [], not_judged: [] };
    this.extra = [];
    this.clip = null;
    this.range = null;
  }

  // Where the rows lie; lower ones where the window is low.
  lay() {
    const high = innerHeight < LOW_WINDOW ? SMALL : HEIGHTS;
    const curve = this.lanes.length > MANY ? high.low : high.curve;
    this.rows = this.lanes.map((lane) => ({ lane, height: lane.role === "score" ? high.score : curve }));
    if (this.blocks.seen) this.rows.push({ blocks: "seen", height: high.seen });
    for (const blocks of ["labels", "others", "moments"]) if (this.blocks[blocks]) this.rows.push({ blocks, height: high.blocks });
    let y = AXIS;
    for (const row of this.rows) {
      row.y = y;
      y += row.height + GAP;
    }
    this.height = y;
    this.dirty = true;
  }

  vertical(ctx, x, colour, alpha, top = AXIS) {
    ctx.globalAlpha = alpha;
    ctx.fillStyle = colour;
    ctx.fillRect(Math.round(x * devicePixelRatio) / devicePixelRatio - 0.5, top, 1, this.height - top - GAP);
    ctx.globalAlpha = 1;
  }

  readColours() {
    const style = getComputedStyle(this.element);
    const colour = (name) => style.getPropertyValue(name).trim();
    this.ink = { ink: colour("--ink"), accent: colour("--accent"), funny: colour("--funny"), not_funny: colour("--not-funny") };
    for (const name of ["tint", "paper"]) this.ink[name] = colour(`--${name}`);
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
    const { box } = this;
    if (box) this.drawBand(ctx, [box.start, box.end], this.ink.ink, 0.07);
    if (box?.edge) this.drawGrip(ctx, this.x(box[box.edge]));
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
      if (x < this.width - 52) ctx.fillText(clockText(i * step, digits), x + BESIDE_HEAD, 8);
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
    const lines = (row.lane ? row.lane.label : this.names[row.blocks]).split("\n");
    lines.forEach((line, k) => {
      const y = middle + 0.5 + 12 * (k - (lines.length - 1) / 2);
      ctx.fillText(line, indent, y, GUTTER - indent - (row.lane ? (row.lane.percent ? 32 : 26) : 6));
    });
    ctx.globalAlpha = 1;
    if (!row.lane) return;
    ctx.fillStyle = this.colourOf(row.lane);
    ctx.fillRect(0, middle - 4, 3, 8);
    if (row.lane.role !== "waveform") this.drawScale(ctx, row);
  }

  // Where a value stands in the row of its lane.
  level(row, value) {
    const { lo, hi, power } = row.lane;
    return row.y + 3 + (row.height - 6) * (1 - Math.min(1, Math.max(0, (value - lo) / (hi - lo))) ** power);
  }

  // The values at a lane's top and bottom, or others that are marked, at the axis.
  drawScale(ctx, row) {
    const { lo, hi, marks, percent } = row.lane;
    const plain = (value) => (Math.abs(hi - lo) > 10 ? value.toFixed(0) : String(Math.round(value * 100) / 100));
    const text = percent ? percentText : plain;
    ctx.font = `9px ${this.font}`;
    ctx.textAlign = "right";
    ctx.globalAlpha = 0.7;
    ctx.fillStyle = this.ink.ink;
    let next = row.y + 6; // as near to its place as there is room
    for (const mark of marks) {
      const y = Math.max(next, Math.min(this.level(row, mark), row.y + row.height - 5));
      ctx.fillText(text(mark), GUTTER - 4, y);
      next = y + 8;
    }
    ctx.globalAlpha = 1;
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
    spans(this.blocks.unseen, curves.filter((row) => !HEARD.includes(row.lane.role)));
    spans(this.blocks.not_judged, curves.filter((row) => row.lane.role === "score"));
  }

  drawCurve(ctx, row) {
    const { times, values, lo, hi, role, threshold, marks } = row.lane;
    const y = (v) => this.level(row, v);
    const colour = this.colourOf(row.lane);
    for (const mark of [0, ...marks].filter((value) => lo < value && value < hi)) {
      ctx.globalAlpha = 0.18;
      ctx.fillStyle = this.ink.ink;
      ctx.fillRect(GUTTER, Math.round(y(mark)), this.width - GUTTER, 1);
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
      if (!scale && (end < this.view[0] || start > this.view[1])) return;
      const a = x(start);
      ctx.globalAlpha = alpha;
      ctx.fillStyle = colour;
      ctx.beginPath();
      ctx.roundRect(a, row.y + 2, Math.max(2, x(end) - a), row.height - 4, Math.min(3, Math.max(0, (x(end) - a) / 3)));
      ctx.fill();
      ctx.globalAlpha = 1;
    };
    if (row.blocks === "seen") {
      for (const [start, end] of this.blocks.seen) put(start, end, this.ink.ink, 0.3);
      return;
    }
    if (row.blocks === "others") {
      for (const [start, end] of this.blocks.others) put(start, end, this.ink.plain, 0.55);
      return;
    }
    if (row.blocks === "moments") {
      (this.blocks.moments || []).forEach(([start, end, score], k) => {
        put(start, end, this.ink.score, 0.35 + 0.65 * score);
        const name = !scale && this.blocks.moment_names?.[k];
        if (name) this.drawText(ctx, name, x(start), x(end), row);
      });
      return;
    }
    for (const [start, end, label] of [...(this.blocks.labels || []), ...this.extra]) {
      put(start, end, label ? this.ink.funny : this.ink.not_funny, label ? 0.95 : 0.6);
    }
  }

  // What a moment is called, on it, as far as it has room.
  drawText(ctx, text, a, b, row) {
    if (b - a < 28) return;
    ctx.save();
    ctx.beginPath();
    ctx.rect(a, row.y, b - a - 3, row.height);
    ctx.clip();
    ctx.font = `600 11px ${this.font}`;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillStyle = this.ink.paper;
    const { box } = this;
    const grip = box?.edge ? this.x(box[box.edge]) : -GRIP_WIDTH;
    const left = Math.abs(grip - a) < GRIP_WIDTH / 2 ? GRIP_WIDTH / 2 : 0; // what it would hide
    ctx.fillText(text, Math.max(a, GUTTER) + left + 5, row.y + row.height / 2 + 0.5);
    ctx.restore();
  }

  // The edge of the moment in hand that keys move: a thick line, with a grip in the lane of moments.
  drawGrip(ctx, x) {
    const row = this.rows.find((row) => row.blocks === "moments");
    if (!row) return;
    ctx.fillStyle = this.ink.ink;
    ctx.fillRect(x - 1.5, AXIS - 4, 3, this.height - AXIS + 4 - GAP);
    ctx.beginPath();
    ctx.roundRect(x - GRIP_WIDTH / 2, row.y, GRIP_WIDTH, row.height, 4);
    ctx.fill();
    ctx.fillStyle = this.ink.paper;
    for (const way of [-1, 1]) {
      ctx.beginPath();
      ctx.moveTo(x + 7 * way, row.y + row.height / 2);
      ctx.lineTo(x + 3 * way, row.y + row.height / 2 - 3.5);
      ctx.lineTo(x + 3 * way, row.y + row.height / 2 + 3.5);
      ctx.fill();
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
}
