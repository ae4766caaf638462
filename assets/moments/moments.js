// The list of moments: a click or an arrow jumps the player there, which plays it to its end; A and X judge the moment in
// hand and go on, I and O set its in and out points, arrows move the edge set last by a frame, U takes the last back. Which
// moment is in hand changes by hand alone. Judgements and trims go through an outbox, as those of the player do.

const LOOK = 150; // ms between two looks at the player, which comes later or changes its video, and at what stands below the list
const REST = 400; // ms after the last step by frames before a trim is kept
const SHORTEST = 0.2; // s of a moment
const TELL = 200; // ms after which the page is told which moment is in hand

class Moments extends Rows {
  constructor(root) {
    super(root);
    this.abort = new AbortController();
    this.history = []; // {row, event}, of a trim with what it was before
    this.sequence = false; // one moment after the other
    this.outbox = new Outbox((value) => this.api.setStateValue("outbox", value));
    const { signal } = this.abort;
    const on = (name, action) => document.addEventListener(name, action, { signal });
    on("keydown", (event) => this.key(event));
    on("punchline-step", ({ detail }) => this.step(detail));
    on("punchline-touch", ({ detail }) => this.touched(detail));
    on("punchline-end", () => this.sequence && this.goOn());
    this.timer = setInterval(() => this.look(), LOOK);
  }

  update(component) {
    this.api = component;
    const first = !this.data.token;
    this.data = component.data;
    if (first) Object.assign(this, remembered(`list/${this.data.token}`));
    this.outbox.open(this.data.token);
    this.outbox.settle(this.data.ack);
    for (const [id, { event, undone }] of this.local) {
      const row = this.data.rows.find((row) => row.id === id);
      const refused = this.outbox.refused.has(event);
      const settled = refused || (!this.outbox.holds(event) && (!row || (undone ? row.event !== undone : row.event === event)));
      if (settled) this.local.delete(id);
    }
    for (const [id, { event, undone }] of this.trims) {
      const row = this.data.rows.find((row) => row.id === id);
      const there = row && (undone ? row.trim !== undone : row.trim === event);
      if (event && (this.outbox.refused.has(event) || (!this.outbox.holds(event) && (!row || there)))) this.trims.delete(id);
    }
    if (!this.data.rows.some((row) => row.id === this.current)) this.current = this.data.selected;
    this.videos = [...new Set(this.data.rows.map((row) => row.video_id))]; // in the order in which they come
    this.draw();
    if (first) this.reveal();
  }

  // --- the moment in hand

  choose(row, rest = TELL) {
    if (!row || row.id === this.current) return;
    this.current = row.id;
    this.draw();
    this.reveal();
    const address = new URL(location.href); // a reload that comes before the page is told opens this moment too
    address.searchParams.set("moment", row.id);
    history.replaceState(history.state, "", address);
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.tell(), rest);
  }

  tell() {
    clearTimeout(this.telling);
    this.api.setStateValue("selected", this.current);
  }

  draw() {
    super.draw();
    this.hold();
  }

  look() {
    this.hold();
    this.makeRoom();
  }

  // Have the player keep to the moment in hand, and show it on the timeline once it is chosen.
  hold() {
    if (this.going) return this.arrive();
    const player = playerOf(this.data.player);
    const row = this.find(this.current);
    if (!player || player.video() !== row?.video_id) return player?.hold(null);
    const { start, end } = this.shape(row);
    player.hold({ id: row.id, start, end, edge: this.edge, once: this.sequence });
    if (this.looked !== row.id) player.look(start, end, this.looked !== undefined);
    this.looked = row.id;
  }

  jump(row) {
    if (!row) return;
    const player = playerOf(this.data.player);
    if (player && player.video() !== row.video_id) this.going = row.id; // the page brings the other video
    this.looked = null;
    this.choose(row, this.going ? 0 : TELL);
    this.hold();
    if (!this.going) player?.playAt(this.shape(row).start);
  }

  // The next in the list, or the one before.
  step(by) {
    const { shown } = this;
    const at = shown.findIndex((row) => row.id === this.current);
    this.jump(shown[at < 0 ? 0 : at + by]);
  }

  // Play the moment whose video was waited for.
  arrive() {
    const row = this.find(this.going);
    const player = playerOf(this.data.player);
    if (row && player?.video() !== row.video_id) return;
    this.going = null;
    if (row) player.playAt(this.shape(row).start);
  }

  // Whether a moment is one of all that are played in a row.
  isPlayed(row) {
    return this.verdict(row) !== 0 && (this.show === "missed" || !this.missed(row));
  }

  // While all are played: at the end of one, on to the next.
  goOn() {
    const { shown } = this;
    const next = shown.slice(1 + shown.findIndex((row) => row.id === this.current)).find((row) => this.isPlayed(row));
    if (next) return this.jump(next);
    this.sequence = false;
    this.draw();
  }

  // --- trimming

  // New bounds, name or note of a moment; kept at once, or after a rest while frames are counted off.
  trim(row, changes, rest = 0) {
    if (!row) return;
    if (this.pending && this.pending.row.id !== row.id) this.keepTrim();
    const before = this.pending?.row.id === row.id ? this.pending.before : this.shape(row);
    const whole = playerOf(this.data.player)?.duration() ?? Infinity;
    const shape = { ...this.shape(row), ...changes, event: null, held: true };
    shape.start = Math.round(1000 * Math.min(Math.max(0, shape.start), shape.end - SHORTEST)) / 1000;
    shape.end = Math.round(1000 * Math.min(whole, Math.max(shape.end, shape.start + SHORTEST))) / 1000;
    this.trims.set(row.id, shape);
    clearTimeout(this.pending?.timer);
    this.pending = { row, before, timer: setTimeout(() => this.keepTrim(), rest) };
    if (!rest) this.keepTrim();
    this.draw();
  }

  keepTrim() {
    if (!this.pending) return;
    const { row, before, timer } = this.pending;
    clearTimeout(timer);
    this.pending = null;
    const { start, end, name, remark } = this.trims.get(row.id);
    const event = this.event(row, "trim", { start, end, name, note: remark }).id;
    this.trims.set(row.id, { start, end, name, remark, event, held: true });
    this.history.push({ row, event, before });
    this.draw();
  }

  // A moment was clicked on the timeline, or an edge of it taken there, and perhaps dragged.
  touched({ id, edge, t }) {
    const row = this.find(id);
    if (!row) return;
    this.looked = id; // it is in view
    this.choose(row);
    this.edge = edge ?? this.edge;
    if (edge && t !== null && Math.abs(this.shape(row)[edge] - t) > 1e-3) this.trim(row, { [edge]: t });
    else this.draw();
  }

  setEdge(edge) {
    const player = playerOf(this.data.player);
    const t = player?.time() ?? null;
    const row = this.find(this.current);
    if (t === null || !row) return;
    const { start, end } = this.shape(row);
    if (edge === "start" ? t > end - SHORTEST : t < start + SHORTEST) return player.say(this.data.texts.crossed);
    this.edge = edge;
    this.trim(row, { [edge]: t });
  }

  // Take an edge, by a click on its time, as the one that arrows move, and show it.
  takeEdge(event, edge) {
    event.stopPropagation();
    this.rows.get(this.current).blur(); // the keys go to the list again
    this.edge = edge;
    playerOf(this.data.player)?.show(this.shape(this.find(this.current))[edge]);
    this.draw();
  }

  nudge(frames) {
    const row = this.find(this.current);
    if (!row) return;
    this.trim(row, { [this.edge]: this.shape(row)[this.edge] + frames / this.data.fps }, REST);
    playerOf(this.data.player)?.show(this.shape(row)[this.edge]);
  }

  // Take a clip that is labelled funny and was not found up among the moments, or off them: it takes another place in the
  // list, where it stays in view; the page is told that it is in hand before it draws anew.
  toggle(row) {
    this.keepTrim();
    this.tell();
    if (this.missed(row)) {
      this.trim(row, {});
      return this.reveal();
    }
    const before = this.shape(row);
    const event = this.event(row, "drop", {}).id;
    const [start, end] = row.own;
    this.trims.set(row.id, { start, end, name: "", remark: "", event, undone: before.event, held: false });
    this.history.push({ row, event, before });
    this.draw();
    this.reveal();
  }

  undoTrim({ row, event, before }) {
    this.history.pop();
    if (this.outbox.refused.has(event)) this.outbox.discard([event]);
    else this.trims.set(row.id, { ...before, event: this.event(row, "undo", { undoes: event }).id, undone: event });
    this.draw();
  }

  // --- judging

  event(row, kind, more) {
    return this.outbox.add({
      kind,
      clip_id: row.id,
      video_id: row.video_id,
      person_id: this.data.person_id,
      start: row.best[0],
      end: row.best[1],
      label: null,
      origin: "",
      time: Math.round(1000 * row.start) / 1000,
      undoes: null,
      ...more,
    });
  }

  judge(row, label) {
    if (!row) return;
    if (row.labelled) return label && this.toggle(row); // it is labelled funny: there is nothing to reject
    if (this.verdict(row) === label) {
      this.takeBack(row, this.local.get(row.id)?.event ?? row.event);
    } else {
      const event = this.event(row, "label", { label, origin: label ? "accepted" : "rejected" });
      this.local.set(row.id, { label, event: event.id });
      this.history.push({ row, event: event.id });
    }
    this.draw();
  }

  takeBack(row, id) {
    if (!id) return;
    const event = this.event(row, "undo", { undoes: id });
    this.local.set(row.id, { label: null, event: event.id, undone: id });
    this.history = this.history.filter((item) => item.event !== id);
  }

  undo() {
    this.keepTrim();
    const last = this.history.at(-1);
    if (!last) return playerOf(this.data.player)?.say(this.data.texts.nothing_to_undo);
    if (last.before) {
      this.undoTrim(last);
      return last.row.labelled && this.choose(this.find(last.row.id));
    }
    this.takeBack(last.row, last.event);
    this.jump(this.find(last.row.id));
    this.draw();
  }

  judgeAndGoOn(label) {
    const row = this.find(this.current);
    if (!row || this.verdict(row) === label) return;
    const { shown } = this;
    const at = shown.indexOf(row);
    this.judge(row, label);
    const rest = [...shown.slice(at + 1), ...shown.slice(0, Math.max(0, at))];
    this.jump(rest.find((row) => this.verdict(row) === null));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (!this.$(".list").getClientRects().length) return;
    const pressed = letterOf(event).toLowerCase();
    const letter = this.data.keys[pressed] ?? pressed;
    if (belongsElsewhere(event, letter)) return;
    const far = event.shiftKey ? 10 : 1;
    const moving = {
      arrowleft: () => this.nudge(-far),
      arrowright: () => this.nudge(far),
      arrowup: () => this.step(-1),
      arrowdown: () => this.step(1),
    };
    const once = {
      a: () => this.judgeAndGoOn(1),
      x: () => this.judgeAndGoOn(0),
      i: () => this.setEdge("start"),
      o: () => this.setEdge("end"),
      u: () => this.undo(),
      enter: () => this.jump(this.find(this.current)),
    };
    const action = moving[letter] || (!event.repeat && once[letter]);
    if (!action) return;
    event.preventDefault();
    action();
  }

  close() {
    this.keepTrim();
    clearInterval(this.timer);
    clearTimeout(this.telling);
    this.abort.abort();
    this.outbox.close();
  }
}

const lists = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  let list = lists.get(root);
  if (!list) lists.set(root, (list = new Moments(root)));
  list.update(component);
  // Also called when new data overtook a call that was still being set up: then the list stays.
  const leave = () => {
    if (root.isConnected || lists.get(root) !== list) return;
    lists.delete(root);
    list.close();
  };
  return () => (root.isConnected ? setTimeout(leave, 1000) : leave());
}
