// The time axis under the video: which part of it is looked at, and where a time lies on the screen.

const GUTTER = 82; // px left of the axis, for the lanes' names
const NARROWEST = 1; // s of the closest view
const CLEAR = 60; // px from which the edges of a moment are told apart and dragged with ease
const HAIR = 12; // px of a moment that is seen at a glance
const ROOM = 24; // px beside an edge, to drag it
const BESIDE = 10; // s beside a moment that are looked at least
const SHARE_BESIDE = 0.25; // of a moment's length, looked at on either side of a long one
const SURROUNDINGS = 120; // s that are looked at around a moment that would be a hair line
const UNKNOWN = 60; // s that are drawn at least of a video whose length nobody knows

class Axis {
  constructor(element, on) {
    this.element = element;
    this.on = on; // seek(t), range(a, b), view(a, b), touch(id, edge, t)
    this.duration = 0;
    this.view = [0, 1];
    this.recalled = false; // whether the view is one that the user left
    this.home = null; // the view that a double click goes back to; null is the whole
    this.pointer = null; // px, while the pointer is over the lanes
    this.now = 0;
    this.dirty = true;
    this.width = 0; // px, measured once for every picture of the screen
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

  // Bring a stretch into view, with some seconds around it; `near`: so that its edges can be dragged with ease. Else only
  // where it would be a hair line, unless the user chose this view.
  reveal(start, end, near) {
    const [a, b] = this.view;
    const px = (this.element.clientWidth - GUTTER) / (b - a);
    const width = (end - start) * px;
    const cramped = width < CLEAR || (a > 0 && (start - a) * px < ROOM) || (b < this.duration && (b - end) * px < ROOM);
    const beside = Math.max(BESIDE, SHARE_BESIDE * (end - start));
    if (start < a || end > b || (near && cramped)) this.look(start - beside, end + beside);
    else if (!near && !this.recalled && px > 0 && width < HAIR) this.look((start + end - SURROUNDINGS) / 2, (start + end + SURROUNDINGS) / 2);
  }

  get zoomed() {
    return this.view[1] - this.view[0] < this.duration - 0.001;
  }

  // Make room for a time that lies behind what was thought to be the end.
  stretch(t) {
    if (t <= this.duration) return;
    const whole = !this.zoomed;
    this.duration = Math.ceil((t + 1) / UNKNOWN) * UNKNOWN;
    if (whole) this.view = [0, this.duration];
    this.dirty = true;
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
}
