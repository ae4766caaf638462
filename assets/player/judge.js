// Judging clips: the queue, marks in playback, undo, and what is said of them.

const HINT = 1600; // ms for which the reach of the arrow keys is told while a clip is moved

class Judge extends Stage {
  constructor(root) {
    super(root);
    this.upcoming = [];
    this.history = []; // {clip, event}
    this.queueId = null;
    this.judged = new Set();
    this.mine = new Set();
    this.current = null;
    this.local = []; // blocks shown before the server has them: {id, video_id, block}
    this.labels = new Map(); // event id -> label
    this.last = null; // {id, kind, label} of the last event
    this.outbox = new Outbox((value) => this.api.setStateValue("outbox", value));
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
    } else if (changed) {
      this.clip = clip; // what was held is held again for this video
      this.setLooping(!!clip);
    }
  }

  leaveQueue() {
    this.current = this.queueId = this.clip = null;
    this.upcoming = [];
    this.clipKey = undefined;
    this.timeline.home = null;
    this.timeline.reset();
    this.cover("");
  }

  // Take in the server's next clips in its order, which the labels decide; those that an undo put back stay first.
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
    const here = new Map(this.upcoming.map((clip) => [clip.clip_id, clip])); // with the bounds that were changed here
    const returned = this.upcoming.filter((clip) => clip.returned);
    const out = new Set([...this.judged, ...away, this.current?.clip_id, ...returned.map((clip) => clip.clip_id)]);
    const coming = queue.clips.filter((clip) => !out.has(clip.clip_id) && !this.repeats(clip));
    this.upcoming = [...returned, ...coming.map((clip) => here.get(clip.clip_id) ?? { ...clip })];
    if (this.current) this.prepare();
    else this.advance();
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
    const name = label === null ? "skipped" : label ? "funny" : "not_funny";
    this.flash(this.data.texts[name], name);
    this.advance();
    this.updateTimeline();
    this.showState();
  }

  // Whether a clip shows again what was judged here, perhaps after it was moved; the one in hand counts as judged.
  repeats(clip) {
    const { shared } = this.data.queue;
    if (shared === null || clip.returned) return false;
    const here = this.history.filter(({ event }) => event.kind !== "mark" && event.person_id === this.data.person_id).map((item) => item.clip);
    const same = [...here, this.current].filter((other) => other && other.video_id === clip.video_id);
    return same.some((other) => Math.min(other.end, clip.end) - Math.max(other.start, clip.start) > shared + 0.005);
  }

  advance() {
    if (this.data.queue) this.upcoming = this.upcoming.filter((clip) => !this.repeats(clip));
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
    if (!item) return this.flash(this.data.texts.nothing_to_undo, "", 1500);
    const { clip, event } = item;
    const { id, at, order, ...same } = event;
    if (this.outbox.refused.has(id)) this.outbox.discard([id]);
    else this.last = this.outbox.add({ ...same, kind: "undo", label: null, undoes: id });
    this.local = this.local.filter((local) => local.id !== event.id);
    this.judged.delete(clip.clip_id);
    if (event.kind !== "mark" && this.data.queue) {
      if (this.current) this.upcoming.unshift(Object.assign(this.current, { returned: true }));
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
    const T = this.data.texts;
    if (!lengthen) this.flash(`${by < 0 ? "←" : "→"} ${(Math.abs(by) < 1 ? T.moved : T.seconds).replace("{n}", Math.abs(by))}`, "", HINT);
    this.showState();
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
      const reason = T[`reason_${current.reason}`] || "";
      line.textContent = [`${T.clip} ${n}`, clockText(current.start), T.seconds.replace("{n}", (current.end - current.start).toFixed(1)), reason].filter(Boolean).join("  ·  ");
    } else line.textContent = "";
    line.title = line.textContent && T.clip_help;
    this.showCounts();
  }

  // How many are labelled, of as many as are wanted; then the way on.
  showCounts() {
    const T = this.data.texts;
    const counts = this.counts();
    const { least = 0 } = (this.data.queue || this.data.mark)?.counts ?? {};
    const told = (n) => (n < least ? `${n}/${least}` : n);
    this.$(".counts").textContent = `${T.funny} ${told(counts.funny)}  ·  ${T.not_funny} ${told(counts.not_funny)}`;
    const onward = this.$(".onward");
    onward.textContent = T.onward;
    onward.hidden = !T.onward || Math.min(counts.funny, counts.not_funny) < least;
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
      const what = { label: T[last?.label ? "funny" : "not_funny"], mark: T.funny, skip: T.skipped, undo: T.undone }[last?.kind];
      const more = outbox.events.length > 1 ? ` (${outbox.events.length})` : "";
      text = [what, T[state] + more].filter(Boolean).join(" · ");
    }
    saved.dataset.state = state;
    saved.lastElementChild.textContent = saved.title = text;
  }
}
