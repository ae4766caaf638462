// The list of moments: a click jumps the player there; A and X judge the moment in hand and go on, I and O set its in and
// out points, arrows move the edge set last by a frame, U takes the last back. Which moment is in hand follows the
// playhead. Judgements and trims go through an outbox, as those of the player do.

const MARKS = { yes: "M5 13l4 4L19 7", no: "M7 7l10 10M17 7L7 17" };
const FOLLOW = 150; // ms between two looks at the playhead
const REST = 400; // ms after the last step by frames before a trim is kept
const SHORTEST = 0.2; // s of a moment
const TELL = 200; // ms after which the page is told which moment is in hand

class Moments {
  constructor(root) {
    this.root = root;
    this.abort = new AbortController();
    this.$ = (selector) => root.querySelector(selector);
    this.data = { rows: [], texts: {} };
    this.rows = new Map(); // id -> element
    this.local = new Map(); // id -> {label, event}, until the server has it
    this.history = []; // {id, event}, of a trim with what it was before
    this.trims = new Map(); // id -> {start, end, name, remark, event}, until the server has it
    this.edge = "start"; // that arrows move
    this.sequence = false; // one moment after the other
    this.order = "time";
    this.show = "all";
    this.current = null;
    this.outbox = new Outbox((value) => this.api.setStateValue("outbox", value));
    document.addEventListener("keydown", (event) => this.key(event), { signal: this.abort.signal });
    document.addEventListener("punchline-trim", ({ detail }) => this.dragged(detail), { signal: this.abort.signal });
    this.timer = setInterval(() => this.follow(), FOLLOW);
  }

  update(component) {
    this.api = component;
    this.data = component.data;
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
    this.draw();
  }

  // --- what is listed

  verdict(row) {
    const local = this.local.get(row.id);
    return local ? local.label : row.verdict;
  }

  // Bounds, name and note as they are now, perhaps before the server knows.
  shape(row) {
    return this.trims.get(row.id) ?? { start: row.start, end: row.end, name: row.name, remark: row.remark, event: row.trim };
  }

  get shown() {
    const wanted = { all: () => true, open: (v) => v === null, yes: (v) => v === 1, no: (v) => v === 0 }[this.show];
    const rows = this.data.rows.filter((row) => wanted(this.verdict(row)) || (this.show === "open" && row.id === this.current));
    const by = this.order === "time" ? (a, b) => this.shape(a).start - this.shape(b).start : (a, b) => b.score - a.score || a.start - b.start;
    return rows.sort(by);
  }

  find(id) {
    return this.data.rows.find((row) => row.id === id);
  }

  // --- drawing

  draw() {
    this.head();
    const { texts: T } = this.data;
    const shown = this.shown;
    const box = this.$(".rows");
    box.style.setProperty("--height", `${this.data.height}px`);
    const kept = new Map(shown.map((row) => [row.id, this.rows.get(row.id) || this.blank(row.id)]));
    for (const row of shown) this.fill(kept.get(row.id), row);
    const wanted = [...kept.values()];
    if (wanted.length !== box.children.length || wanted.some((element, k) => box.children[k] !== element)) box.replaceChildren(...wanted);
    if (!shown.length) box.replaceChildren(made("div", "empty", T.none));
    this.rows = kept;
    this.foot();
  }

  choice(name, options) {
    const box = made("div", "choice");
    box.role = "group";
    for (const [value, text, title] of options) {
      const button = made("button", "", text);
      button.type = "button";
      if (title) button.title = button.ariaLabel = title;
      button.ariaPressed = String(this[name] === value);
      button.onclick = () => {
        this[name] = value;
        this.draw();
        this.reveal();
      };
      box.append(button);
    }
    return box;
  }

  head() {
    const { texts: T, rows } = this.data;
    const n = { yes: 0, no: 0, open: 0 };
    for (const row of rows) n[{ 1: "yes", 0: "no" }[this.verdict(row)] || "open"] += 1;
    this.$(".head").replaceChildren(
      this.choice("order", [["time", T.by_time], ["score", T.by_score]]),
      this.play_all(T),
      made("span", "grow"),
      this.choice("show", [
        ["all", `${T.all} ${rows.length}`],
        ["open", `${T.open} ${n.open}`],
        ["yes", `✓ ${n.yes}`, `${T.accepted} ${n.yes}`],
        ["no", `✕ ${n.no}`, `${T.rejected} ${n.no}`],
      ]),
    );
  }

  play_all(T) {
    const button = made("button", "all", "▶");
    button.type = "button";
    button.title = button.ariaLabel = T.play_all;
    button.ariaPressed = String(this.sequence);
    button.onclick = () => {
      this.sequence = !this.sequence;
      if (this.sequence) this.jump(this.shown.find((row) => this.verdict(row) !== 0));
      else playerOf(this.data.player)?.pause();
      this.draw();
    };
    return button;
  }

  blank(id) {
    const element = made("div", "row");
    element.tabIndex = 0;
    element.role = "button";
    element.innerHTML =
      '<div class="picture"><img alt="" hidden><span></span></div>' +
      '<div class="words"><div><b></b><span class="range"></span></div><div class="score"><i></i><span></span></div><div class="note"></div><div class="edit" hidden><input class="name" maxlength="200"><input class="remark" maxlength="500">' +
      '<button type="button" class="back"></button></div></div>' +
      '<div class="verdicts"><button type="button" class="yes"></button><button type="button" class="no"></button></div>';
    for (const name of ["yes", "no"]) {
      const button = element.querySelector(`.verdicts .${name}`);
      button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${MARKS[name]}"/></svg>`;
      button.onclick = (event) => {
        event.stopPropagation();
        this.judge(this.find(id), name === "yes" ? 1 : 0);
      };
    }
    for (const name of ["name", "remark"]) {
      const input = element.querySelector(`.edit .${name}`);
      input.onchange = () => this.trim(this.find(id), { [name]: input.value.trim() });
      input.onkeydown = (event) => event.key === "Enter" && input.blur();
    }
    const edit = element.querySelector(".edit");
    edit.onclick = (event) => event.stopPropagation();
    edit.querySelector(".back").onclick = () => {
      const row = this.find(id);
      this.trim(row, { start: row.own[0], end: row.own[1] });
    };
    element.onclick = () => {
      element.blur();
      this.jump(this.find(id));
    };
    element.onkeydown = (event) => event.key === "Enter" && event.target === element && this.jump(this.find(id));
    return element;
  }

  fill(element, row) {
    const T = this.data.texts;
    const $ = (selector) => element.querySelector(selector);
    const verdict = this.verdict(row);
    const { start, end, name, remark } = this.shape(row);
    element.className = ["row", row.id === this.current && "current", verdict === 0 && "no"].filter(Boolean).join(" ");
    element.ariaLabel = `${clockOf(start)}, ${row.score_text}`;
    const image = $("img");
    showStill(image, row.src);
    const changed = Math.abs(start - row.own[0]) > 5e-4 || Math.abs(end - row.own[1]) > 5e-4;
    const digits = changed ? 2 : 0;
    $(".picture span").textContent = `${(end - start).toFixed(digits)} s`;
    $("b").textContent = clockOf(start, digits);
    $(".range").textContent = `– ${clockOf(end, digits)}`;
    $(".range").title = changed ? T.found.replace("{range}", `${clockOf(row.own[0], 2)} – ${clockOf(row.own[1], 2)}`) : "";
    $(".edit").hidden = row.id !== this.current;
    for (const [field, value, text] of [["name", name, T.name], ["remark", remark, T.remark]]) {
      const input = $(`.edit .${field}`);
      input.placeholder = input.ariaLabel = text;
      if (input !== this.root.activeElement && input.value !== value) input.value = value;
    }
    $(".back").hidden = !changed;
    $(".back").textContent = T.as_found;
    $(".score i").style.setProperty("--share", `${(100 * row.share).toFixed(1)}%`);
    $(".score span").textContent = row.score_text;
    const words = [name, verdict === null ? row.note : { 1: T.accepted, 0: T.rejected }[verdict]];
    $(".note").textContent = words.filter(Boolean).join(" · ");
    for (const [name, label, text] of [["yes", 1, T.accept], ["no", 0, T.reject]]) {
      const button = $(`.verdicts .${name}`);
      button.ariaPressed = String(verdict === label);
      button.title = button.ariaLabel = verdict === label ? T.take_back : text;
    }
  }

  foot() {
    const { texts: T } = this.data;
    const keys = [["J", "K", T.jump], ["A", T.accept_key], ["X", T.reject_key], ["I", "O", T.in_out], ["←", "→", T.nudge], ["U", T.undo]];
    const items = keys.map((parts) => {
      const item = document.createElement("span");
      for (const part of parts.slice(0, -1)) item.append(made("kbd", "", part));
      item.append(parts.at(-1));
      return item;
    });
    const kept = this.data.rows.filter((row) => this.verdict(row) !== 0).map((row) => this.shape(row));
    const seconds = kept.reduce((sum, { start, end }) => sum + end - start, 0);
    const total = { n: kept.length, total: this.data.rows.length, time: clockOf(seconds) };
    items.unshift(made("b", "", T.total.replace(/\{(\w+)\}/g, (_all, name) => total[name])));
    const { outbox } = this;
    const trouble = outbox.trouble(T);
    if (trouble) items.push(made("span", "fault", trouble));
    else if (outbox.events.length) items.push(made("span", "", T.saving));
    else if (this.history.length) items.push(made("span", "", T.saved));
    if (outbox.refused.size) {
      const discard = Object.assign(made("button", "", T.discard), { type: "button" });
      discard.onclick = () => {
        outbox.discard();
        this.foot();
      };
      items.push(discard);
    }
    this.$(".foot").replaceChildren(...items);
  }

  // Scroll the list, not the page.
  reveal() {
    const box = this.$(".rows");
    const element = this.rows.get(this.current);
    if (!element || element.parentElement !== box) return;
    const top = element.offsetTop - box.offsetTop;
    if (top < box.scrollTop) box.scrollTop = top - 4;
    else if (top + element.offsetHeight > box.scrollTop + box.clientHeight) box.scrollTop = top + element.offsetHeight - box.clientHeight + 4;
  }

  // --- the moment in hand

  choose(row) {
    if (!row || row.id === this.current) return;
    this.current = row.id;
    this.draw();
    this.reveal();
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.api.setStateValue("selected", this.current), TELL);
  }

  jump(row) {
    if (!row) return;
    playerOf(this.data.player)?.playAt(this.shape(row).start);
    this.choose(row);
  }

  follow() {
    const t = playerOf(this.data.player)?.time() ?? null;
    if (t === null || t === this.seen) return;
    const before = this.seen;
    this.seen = t;
    if (this.sequence && this.goOn(t)) return;
    const inside = (row) => this.shape(row).start - 0.05 <= t && t < this.shape(row).end;
    const current = this.find(this.current);
    // What was cut off a moment is still part of its work: an out point lies behind the playhead.
    if (before !== undefined && !(current && current.own[0] <= t && t < current.own[1])) this.choose(this.data.rows.find(inside));
  }

  // While all are played: at the end of one, on to the next; true where that happened.
  goOn(t) {
    const shown = this.shown.filter((row) => this.verdict(row) !== 0);
    const at = shown.findIndex((row) => row.id === this.current);
    if (at < 0 || t < this.shape(shown[at]).end - 0.05) return false;
    if (at + 1 < shown.length) this.jump(shown[at + 1]);
    else {
      this.sequence = false;
      playerOf(this.data.player)?.pause();
      this.draw();
    }
    return true;
  }

  // --- trimming

  // New bounds, name or note of a moment; kept at once, or after a rest while frames are counted off.
  trim(row, changes, rest = 0) {
    if (!row) return;
    const before = this.pending?.id === row.id ? this.pending.before : this.shape(row);
    const whole = playerOf(this.data.player)?.duration() ?? Infinity;
    const shape = { ...this.shape(row), ...changes, event: null };
    shape.start = Math.round(1000 * Math.min(Math.max(0, shape.start), shape.end - SHORTEST)) / 1000;
    shape.end = Math.round(1000 * Math.min(whole, Math.max(shape.end, shape.start + SHORTEST))) / 1000;
    this.trims.set(row.id, shape);
    clearTimeout(this.pending?.timer);
    this.pending = { id: row.id, before, timer: setTimeout(() => this.keepTrim(), rest) };
    if (!rest) this.keepTrim();
    this.draw();
  }

  keepTrim() {
    if (!this.pending) return;
    const { id, before, timer } = this.pending;
    clearTimeout(timer);
    this.pending = null;
    const { start, end, name, remark } = this.trims.get(id);
    const event = this.event(this.find(id), "trim", { start, end, name, note: remark }).id;
    this.trims.set(id, { start, end, name, remark, event });
    this.history.push({ id, event, before });
    this.draw();
  }

  dragged({ id, start, end }) {
    const row = this.find(id);
    if (!row) return;
    this.choose(row);
    this.trim(row, { start, end });
  }

  setEdge(edge) {
    const t = playerOf(this.data.player)?.time() ?? null;
    const row = this.find(this.current);
    if (t === null || !row) return;
    this.edge = edge;
    this.trim(row, { [edge]: t });
  }

  nudge(frames) {
    const row = this.find(this.current);
    if (!row) return;
    this.trim(row, { [this.edge]: this.shape(row)[this.edge] + frames / this.data.fps }, REST);
    playerOf(this.data.player)?.show(this.shape(row)[this.edge]);
  }

  undoTrim({ id, event, before }) {
    const row = this.find(id);
    this.history.pop();
    if (this.outbox.refused.has(event)) this.outbox.discard([event]);
    else if (row) this.trims.set(id, { ...before, event: this.event(row, "undo", { undoes: event }).id, undone: event });
    this.draw();
  }

  // --- judging

  event(row, kind, more) {
    return this.outbox.add({
      kind,
      clip_id: row.id,
      video_id: this.data.video_id,
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
    if (this.verdict(row) === label) {
      this.takeBack(row, this.local.get(row.id)?.event ?? row.event);
    } else {
      const event = this.event(row, "label", { label, origin: label ? "accepted" : "rejected" });
      this.local.set(row.id, { label, event: event.id });
      this.history.push({ id: row.id, event: event.id });
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
    if (last?.before) return this.undoTrim(last);
    const row = last && this.find(last.id);
    if (!row) return;
    this.takeBack(row, last.event);
    this.jump(row);
    this.draw();
  }

  judgeAndGoOn(label) {
    const shown = this.shown;
    const at = shown.findIndex((row) => row.id === this.current);
    if (at < 0 || this.verdict(shown[at]) === label) return;
    this.judge(shown[at], label);
    const rest = [...shown.slice(at + 1), ...shown.slice(0, at)];
    this.jump(rest.find((row) => this.verdict(row) === null));
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (!this.$(".list").getClientRects().length) return;
    const letter = letterOf(event).toLowerCase();
    if (belongsElsewhere(event, letter)) return;
    const far = event.shiftKey ? 10 : 1;
    const moving = { arrowleft: () => this.nudge(-far), arrowright: () => this.nudge(far) };
    const once = {
      a: () => this.judgeAndGoOn(1),
      x: () => this.judgeAndGoOn(0),
      i: () => this.setEdge("start"),
      o: () => this.setEdge("end"),
      u: () => this.undo(),
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
