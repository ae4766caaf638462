// Moments on the time axis and their edges, which are taken and dragged: in the lane of moments those of all, in every
// lane those of the moment in hand, whose box stands over all lanes.

const GRIP = 6; // px around an edge that can be dragged
const STILL = 3; // px that the pointer may move in a click
const SHORTEST = 0.2; // s of a moment
const SIDES = ["start", "end"];
const FAR = 80; // px beyond the border at which the view moves fastest: by its own width a second

class Edges extends Lanes {
  constructor(element, on) {
    super(element, on);
    this.held = null; // the edge that is dragged: {id, side, before, from, shift, moved, t}
    this.panned = 0; // ms
  }

  momentAt(t) {
    return (this.blocks.moments || []).findIndex(([start, end]) => start <= t && t < end);
  }

  // Whether the pointer is in the lane of moments that a list on the page holds.
  onMoments({ offsetY }) {
    const row = this.rows.find((row) => row.blocks === "moments");
    return !!this.blocks.moment_ids?.length && !!row && offsetY >= row.y && offsetY <= row.y + row.height;
  }

  // Start and end of the k-th moment, as they are in hand, perhaps before the server knows.
  boundsOf(k) {
    return this.blocks.moment_ids[k] === this.clip?.id ? [this.clip.start, this.clip.end] : this.blocks.moments[k];
  }

  // The edge of a moment under the pointer: the moment's id, and 0 for its start, 1 for its end.
  edgeAt(event) {
    const { offsetX, offsetY } = event;
    const ids = this.blocks.moment_ids || [];
    const all = this.onMoments(event);
    if (!all && (offsetY < AXIS || offsetY > this.height)) return null;
    let best = null;
    ids.forEach((id, k) => {
      const mine = id === this.clip?.id;
      if (!all && !mine) return;
      this.boundsOf(k).forEach((t, side) => {
        if (t < this.view[0] || t > this.view[1]) return;
        const shift = offsetX - this.x(t);
        const reach = all && mine && SIDES[side] === this.clip.edge ? GRIP_WIDTH / 2 : GRIP;
        if (Math.abs(shift) <= reach && (!best || Math.abs(shift) < Math.abs(best.shift))) best = { id, side, before: t, from: offsetX, shift };
      });
    });
    return best;
  }

  // The edge that is held follows the pointer, once that has moved, and stays in view.
  moveEdge() {
    const { held } = this;
    const k = this.blocks.moment_ids?.indexOf(held.id) ?? -1;
    held.moved ||= Math.abs(this.pointer - held.from) > STILL;
    if (k < 0 || !held.moved) return;
    const t = this.time(Math.min(Math.max(this.pointer - held.shift, GUTTER), this.width));
    const other = this.boundsOf(k)[1 - held.side];
    held.t = held.side ? Math.max(t, other + SHORTEST) : Math.min(t, other - SHORTEST);
    this.blocks.moments[k][held.side] = held.t;
    this.on.seek(held.t);
    this.dirty = true;
  }

  letGo() {
    const { id, side, before, moved, t } = this.held;
    this.held = null;
    this.on.touch(id, SIDES[side], moved ? t : null);
    if (!moved) this.on.seek(before);
    this.dirty = true;
  }

  giveUp() {
    const k = this.blocks.moment_ids?.indexOf(this.held?.id) ?? -1;
    if (k >= 0) this.blocks.moments[k][this.held.side] = this.held.before;
    this.held = null;
    this.dirty = true;
  }

  // An edge that is held beyond the border of the view takes the view along.
  pan() {
    const now = performance.now();
    const seconds = Math.min(0.1, (now - this.panned) / 1000);
    this.panned = now;
    if (!this.held?.moved || !this.zoomed) return;
    const over = Math.max(this.pointer - this.width, 0) + Math.min(this.pointer - GUTTER, 0);
    if (!over) return;
    const [a, b] = this.view;
    const by = Math.min(Math.max(over / FAR, -1), 1) * (b - a) * seconds;
    this.look(a + by, b + by);
    this.moveEdge();
  }

  // The box of the moment in hand, as it is dragged.
  get box() {
    const { clip, held } = this;
    return held?.moved && clip?.id === held.id ? { ...clip, [SIDES[held.side]]: held.t, edge: SIDES[held.side] } : clip;
  }
}
