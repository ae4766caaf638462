// What the user did and the server has not yet acknowledged. Every event is kept in localStorage, one item each, until it
// is acknowledged: a reload, a lost connection or a second tab loses nothing, and the server drops what it knows by id.

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

// What a tab shows, kept until it is closed.
function remembered(name) {
  try {
    return JSON.parse(sessionStorage.getItem(`punchline/${name}`));
  } catch (error) {
    console.warn("the tab's storage cannot be read", error);
    return null;
  }
}

function remember(name, value) {
  try {
    sessionStorage.setItem(`punchline/${name}`, JSON.stringify(value));
  } catch (error) {
    console.warn("the tab's storage cannot be written", error);
  }
}

class Outbox {
  constructor(send) {
    this.send = send; // hands {n, events} to the server
    this.events = [];
    this.token = null;
    this.n = 0; // number of the last sending
    this.order = 0;
    this.tries = 0;
    this.timer = 0;
    this.fault = "";
    this.refused = new Map(); // id -> {event, reason}: never taken, kept until the user discards it
  }

  // Take up what an earlier life of this page left; gives those events.
  open(token) {
    if (token === this.token) return [];
    clearTimeout(this.timer);
    this.token = token;
    this.events = [];
    this.refused.clear();
    try {
      for (let i = 0; i < localStorage.length; i++) {
        const name = localStorage.key(i);
        if (name.startsWith(this.name(""))) this.events.push(JSON.parse(localStorage.getItem(name)));
      }
    } catch (error) {
      console.warn("the browser's storage cannot be read", error);
    }
    this.events.sort((a, b) => a.order - b.order);
    if (this.events.length) this.dispatch();
    return this.events.slice();
  }

  name(id) {
    return `punchline/outbox/${this.token}/${id}`;
  }

  add(event) {
    this.order = Math.max(this.order + 1, Date.now() * 1000);
    const whole = { id: newId(), at: new Date().toISOString(), order: this.order, ...event };
    this.events.push(whole);
    try {
      localStorage.setItem(this.name(whole.id), JSON.stringify(whole));
    } catch (error) {
      console.warn("the browser's storage is full or closed", error);
    }
    this.tries = 0;
    this.dispatch();
    return whole;
  }

  dispatch() {
    clearTimeout(this.timer);
    this.n = Math.max(this.n + 1, Date.now());
    this.send({ n: this.n, events: this.events.slice() });
    // No answer: the connection or the server is gone, or slow. Ask again, ever more rarely.
    this.timer = setTimeout(() => this.dispatch(), Math.min(30, 5 * 2 ** this.tries++) * 1000);
  }

  // The server's answer to sending n: the ids that are safe, those it will never take, and why others are not safe yet.
  settle(answer) {
    if (!answer) return;
    const safe = new Set(answer.ids);
    this.events = this.events.filter((event) => {
      if (safe.has(event.id)) {
        this.forget(event.id);
        return false;
      }
      const reason = answer.refused[event.id];
      if (reason !== undefined) this.refused.set(event.id, { event, reason });
      return reason === undefined;
    });
    if (!this.events.length) {
      clearTimeout(this.timer);
      this.tries = 0;
      this.fault = "";
    } else if (answer.n >= this.n) {
      this.fault = answer.fault;
    }
  }

  forget(id) {
    try {
      localStorage.removeItem(this.name(id));
    } catch (error) {
      console.warn("the browser's storage cannot be written", error);
    }
  }

  // The user has read that these will never be saved.
  discard(ids = [...this.refused.keys()]) {
    for (const id of ids) {
      this.refused.delete(id);
      this.forget(id);
    }
  }

  // Why something is not saved, as a sentence; empty where all is well.
  trouble(texts) {
    if (this.fault) return `${texts.not_saved}: ${this.fault}`;
    const { size } = this.refused;
    return size ? `${texts.not_saved} (${size}): ${[...this.refused.values()].at(-1).reason}` : "";
  }

  holds(id) {
    return this.events.some((event) => event.id === id);
  }

  // Clips that these events, taken together, judge.
  static judged(events) {
    const clips = new Map();
    for (const event of events) {
      if (event.kind === "label" || event.kind === "skip") clips.set(event.clip_id, event.id);
      else if (event.kind === "undo" && clips.get(event.clip_id) === event.undoes) clips.delete(event.clip_id);
    }
    return new Set(clips.keys());
  }

  close() {
    clearTimeout(this.timer);
  }
}
