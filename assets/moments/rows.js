// The rows of the list of moments: what is listed, in which order, and how each looks.

const LENGTHS = { short: (s) => s < 6, middle: (s) => s >= 6 && s < 10, long: (s) => s >= 10 }; // seconds
const MARKS = { yes: "M5 13l4 4L19 7", no: "M7 7l10 10M17 7L7 17", add: "M12 5v14M5 12h14" };
const mark = (name) => `<button type="button" class="${name}"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="${MARKS[name]}"/></svg></button>`;
const ONE_COLUMN = 640; // px of a window up to which columns stand below one another
const BESIDE_BAR = 12; // px that stay free above the bar of exports
const ROW = made("div", "row"); // which every row is a copy of
ROW.innerHTML =
  '<div class="picture"><img alt="" hidden><span></span></div>' +
  '<div class="words"><div class="bounds"><b class="start"></b>–<span class="end"></span></div><div class="score"><i></i><span></span></div><div class="note"></div></div>' +
  `<div class="verdicts">${mark("yes")}${mark("no")}</div>` +
  '<div class="edit" hidden><input class="name" maxlength="200"><input class="remark" maxlength="500"><button type="button" class="back"></button></div>';
ROW.style.flex = "none"; // of its whole height, also before it is drawn: else the list could not be scrolled to it

class Rows {
  constructor(root) {
    this.root = root;
    this.$ = (selector) => root.querySelector(selector);
    this.data = { rows: [], texts: {}, keys: {} };
    this.rows = new Map(); // id -> element
    this.videos = []; // in the order in which they come
    this.local = new Map(); // id -> {label, event}, until the server has it
    this.trims = new Map(); // id -> {start, end, name, remark, event}, until the server has it
    this.order = "time";
    this.show = "all";
    this.filters = { words: [], lengths: [], videos: [] }; // of each, all where none is chosen
    this.filtering = false; // whether they are seen
    this.current = null;
    this.edge = "start"; // that arrows move
    this.title = made("div", "title"); // over what was not found
  }

  // --- what is listed

  verdict(row) {
    if (row.labelled) return this.shape(row).held ? 1 : null;
    const local = this.local.get(row.id);
    return local ? local.label : row.verdict;
  }

  // Bounds, name and note as they are now, perhaps before the server knows; `held` where somebody set any of them.
  shape(row) {
    const { start, end, name, remark, trim } = row;
    return this.trims.get(row.id) ?? { start, end, name, remark, event: trim, held: trim !== "" };
  }

  // Whether a row is a clip that is labelled funny, not found, and not added.
  missed(row) {
    return row.labelled && this.verdict(row) !== 1;
  }

  // Whether the filters let a moment through; one that is changed in hand stays.
  fits(row) {
    const { words, lengths, videos } = this.filters;
    const seconds = this.shape(row).end - this.shape(row).start;
    return (
      (!words.length || words.includes(row.word)) &&
      (!lengths.length || lengths.some((name) => LENGTHS[name](seconds))) &&
      (!videos.length || videos.includes(row.video_id))
    );
  }

  get shown() {
    const wanted = { all: () => true, open: (v) => v === null, yes: (v) => v === 1, no: (v) => v === 0, missed: (_v, row) => row.labelled };
    const rows = this.data.rows.filter(
      (row) => this.fits(row) && (wanted[this.show](this.verdict(row), row) || (this.show === "open" && row.id === this.current)),
    );
    const rank = (row) => this.videos.indexOf(row.video_id);
    const by = this.order === "time" ? (a, b) => rank(a) - rank(b) || this.shape(a).start - this.shape(b).start : (a, b) => b.score - a.score || a.start - b.start;
    if (this.show === "missed") return rows.sort(by);
    return rows.sort((a, b) => this.missed(a) - this.missed(b) || by(a, b)); // what was not found comes last
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
    const first = this.show === "missed" ? 0 : shown.findIndex((row) => this.missed(row));
    this.title.textContent = T.missed.replace("{n}", shown.filter((row) => this.missed(row)).length);
    if (first >= 0) wanted.splice(first, 0, this.title);
    if (wanted.length !== box.children.length || wanted.some((element, k) => box.children[k] !== element)) {
      const top = box.scrollTop; // which is lost as rows are taken away
      box.replaceChildren(...wanted);
      box.scrollTop = top;
    }
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
      button.onclick = () => this.list({ [name]: value });
      box.append(button);
    }
    return box;
  }

  // Another choice of what is listed, which outlives a reload.
  list(change) {
    Object.assign(this, change);
    const { order, show, filters, filtering } = this;
    remember(`list/${this.data.token}`, { order, show, filters, filtering });
    this.draw();
    this.reveal();
  }

  // Buttons of which any number are pressed.
  filter(name, options) {
    const box = made("div", "choice");
    box.role = "group";
    for (const [value, text] of options) {
      const chosen = this.filters[name];
      const button = made("button", "", text);
      button.type = "button";
      button.ariaPressed = String(chosen.includes(value));
      const next = chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value];
      button.onclick = () => this.list({ filters: { ...this.filters, [name]: next } });
      box.append(button);
    }
    return box;
  }

  filterLine(T, rows) {
    const line = made("div", "filters");
    const words = ["strong", "likely", "weak"].filter((word) => rows.some((row) => row.word === word)).map((word) => [word, T[word]]);
    const titles = [...new Map(rows.map((row) => [row.video_id, row.title]))];
    if (words.length > 1) line.append(this.filter("words", words));
    line.append(this.filter("lengths", Object.keys(LENGTHS).map((name) => [name, T[name]])));
    if (titles.length > 1) line.append(this.filter("videos", titles));
    return line;
  }

  head() {
    const { texts: T, rows } = this.data;
    const n = { yes: 0, no: 0, open: 0, missed: 0 };
    for (const row of rows) n[this.missed(row) ? "missed" : { 1: "yes", 0: "no" }[this.verdict(row)] || "open"] += 1;
    const missed = T.missed.replace("{n}", n.missed);
    this.$(".head").replaceChildren(
      this.choice("order", [["time", T.by_time], ["score", T.by_score]]),
      this.filterButton(T),
      made("span", "grow"),
      this.choice("show", [
        ["all", `${T.all} ${rows.length - n.missed}`],
        ["open", `${T.open} ${n.open}`],
        ["yes", `✓ ${n.yes}`, `${T.accepted} ${n.yes}`],
        ["no", `✕ ${n.no}`, `${T.rejected} ${n.no}`],
        ...(n.missed || this.show === "missed" ? [["missed", `+ ${n.missed}`, missed]] : []),
      ]),
      ...(this.filtering ? [this.filterLine(T, rows)] : []),
    );
  }

  filterButton(T) {
    const button = made("button", "all");
    const n = Object.values(this.filters).flat().length;
    button.type = "button";
    button.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 5h16l-6.2 7.4v6.6l-3.6-2v-4.6z"/></svg>';
    button.title = button.ariaLabel = T.filter;
    button.ariaExpanded = String(this.filtering);
    button.ariaPressed = String(n > 0);
    button.onclick = () => this.list({ filtering: !this.filtering });
    return button;
  }

  play_all(T) {
    const button = made("button", "play");
    button.type = "button";
    const shape = this.sequence ? "M7 7h10v10H7z" : "M8 5.5v13l10-6.5z";
    button.innerHTML = `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${shape}"/></svg>`;
    button.append(this.sequence ? T.stop : T.play_all);
    button.ariaPressed = String(this.sequence);
    button.onclick = () => {
      this.sequence = !this.sequence;
      if (this.sequence) this.jump(this.shown.find((row) => this.isPlayed(row)));
      else playerOf(this.data.player)?.pause();
      this.draw();
    };
    return button;
  }

  blank(id) {
    const element = ROW.cloneNode(true);
    element.tabIndex = 0;
    element.role = "group";
    for (const name of ["yes", "no"]) {
      const button = element.querySelector(`.verdicts .${name}`);
      button.onclick = (event) => {
        event.stopPropagation();
        if (event.detail) button.blur(); // clicked: the keys go to the list again
        this.choose(this.find(id));
        this.judge(this.find(id), name === "yes" ? 1 : 0);
      };
    }
    for (const name of ["name", "remark"]) {
      const input = element.querySelector(`.edit .${name}`);
      input.onchange = () => this.trim(this.find(id), { [name]: input.value.trim() });
      input.addEventListener("keydown", (event) => event.key === "Enter" && input.blur());
    }
    for (const edge of ["start", "end"]) {
      element.querySelector(`.bounds .${edge}`).onclick = (event) => this.current === id && this.takeEdge(event, edge);
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
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === element) this.jump(this.find(id));
    });
    return element;
  }

  fill(element, row) {
    const T = this.data.texts;
    const $ = (selector) => element.querySelector(selector);
    const verdict = this.verdict(row);
    const { start, end, name, remark } = this.shape(row);
    element.className = ["row", row.id === this.current && "current", verdict === 0 && "no", this.missed(row) && "missed"].filter(Boolean).join(" ");
    element.ariaLabel = `${clockText(start, 0)}, ${row.score_text}`;
    const image = $("img");
    showStill(image, row.src);
    const changed = Math.abs(start - row.own[0]) > 5e-4 || Math.abs(end - row.own[1]) > 5e-4;
    const digits = changed ? 2 : 0;
    $(".picture span").textContent = T.seconds.replace("{n}", (end - start).toFixed(digits));
    for (const [edge, t] of [["start", start], ["end", end]]) {
      const element = $(`.bounds .${edge}`);
      element.textContent = clockText(t, digits);
      element.classList.toggle("live", edge === this.edge);
    }
    const found = changed ? T.found.replace("{range}", `${clockText(row.own[0], 2)} – ${clockText(row.own[1], 2)}`) : "";
    $(".bounds").title = [row.id === this.current && T.take_edge, found].filter(Boolean).join(" · ");
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
    $(".score").title = T.relative;
    const said = row.labelled ? [verdict === 1 && T.added, row.note] : [verdict === null ? row.note : { 1: T.accepted, 0: T.rejected }[verdict]];
    const words = [name, row.title, ...said];
    $(".note").textContent = words.filter(Boolean).join(" · ");
    $(".verdicts path").setAttribute("d", this.missed(row) ? MARKS.add : MARKS.yes);
    $(".verdicts .no").style.visibility = row.labelled ? "hidden" : "";
    for (const [name, label, text] of [["yes", 1, row.labelled ? T.add : T.accept], ["no", 0, T.reject]]) {
      const button = $(`.verdicts .${name}`);
      button.ariaPressed = String(verdict === label);
      button.title = button.ariaLabel = verdict === label ? T.take_back : text;
    }
  }

  foot() {
    const { texts: T } = this.data;
    const own = (letter) => shownKey(this.data.keys, letter);
    const keys = [["↑", "↓", T.jump], ["⏎", T.again], [own("A"), T.accept_key], [own("X"), T.reject_key], [own("I"), own("O"), T.in_out], ["←", "→", T.nudge], [own("U"), T.undo]];
    const items = keys.map((parts) => {
      const item = document.createElement("span");
      for (const part of parts.slice(0, -1)) item.append(made("kbd", "", part));
      item.append(parts.at(-1));
      return item;
    });
    items.unshift(this.play_all(T), ...(this.data.which ? [made("b", "", this.total(T))] : []));
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

  // How many the export below would take.
  total(T) {
    const kept = (v, row) => v === 1 || (v === null && !row.left_out);
    const taken = { kept, accepted: (v) => v === 1, all: () => true }[this.data.which];
    const moments = this.data.rows.filter((row) => !this.missed(row));
    const shapes = moments.filter((row) => taken(this.verdict(row), row)).map((row) => this.shape(row));
    const seconds = shapes.reduce((sum, { start, end }) => sum + end - start, 0);
    const values = { n: shapes.length, total: moments.length, time: lengthText(seconds, T.seconds) };
    return T.total.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
  }

  // Leave room for what stands below the list in its column: the bar of exports covers none of it, as the page opens.
  makeRoom() {
    const box = this.$(".rows");
    const [seen, height] = [this.isSeen(), box.clientHeight];
    this.setRoom();
    if (seen && box.clientHeight !== height) this.reveal(); // what was in view stays there
  }

  setRoom() {
    const column = (this.root.host ?? this.root).closest('[data-testid="stColumn"]');
    const last = column?.firstElementChild?.lastElementChild;
    if (!last || innerWidth <= ONE_COLUMN) return this.$(".rows").style.removeProperty("--room");
    const bar = document.querySelector(".st-key-export-bar")?.offsetHeight ?? 0;
    const { top, bottom } = this.$(".rows").getBoundingClientRect();
    const scrolled = document.querySelector(".stMain")?.scrollTop ?? 0;
    const room = innerHeight - (top + scrolled) - (last.getBoundingClientRect().bottom - bottom) - bar - BESIDE_BAR;
    this.$(".rows").style.setProperty("--room", `${Math.floor(room)}px`);
  }

  // Whether any of the row in hand is in view in the list.
  isSeen() {
    const [box, row] = [this.$(".rows"), this.rows.get(this.current)].map((element) => element?.getBoundingClientRect());
    return Boolean(row?.height) && row.bottom > box.top && row.top < box.bottom;
  }

  // Scroll the list, not the page.
  reveal() {
    const box = this.$(".rows");
    const element = this.rows.get(this.current);
    if (!element || element.parentElement !== box) return;
    const top = element.offsetTop - box.offsetTop;
    const bottom = top + element.offsetHeight + (element.nextElementSibling?.offsetHeight ?? 0) / 2; // half of the next one shows too
    if (top < box.scrollTop || element.offsetHeight > box.clientHeight) box.scrollTop = top - 4;
    else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = Math.min(top - 4, bottom - box.clientHeight + 4);
  }
}
