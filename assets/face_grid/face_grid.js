// Faces to click: what is chosen is kept here and told to the page as one list, so no quick click is lost.
const states = new WeakMap();

function draw(root, state) {
  const { groups, texts, clickable } = state.data;
  const box = root.querySelector(".groups");
  box.replaceChildren();
  for (const group of groups) {
    const row = document.createElement("div");
    row.className = "group";
    if (group.title) {
      const who = document.createElement("div");
      who.className = "who";
      const name = document.createElement("b");
      name.textContent = group.title;
      const note = document.createElement("small");
      note.textContent = group.note ?? "";
      who.append(name, note);
      const ids = group.faces.filter((face) => !face.used).map((face) => face.id);
      if (clickable && ids.length) {
        const all = document.createElement("button");
        all.textContent = texts.all;
        all.onclick = () => {
          const every = ids.every((id) => state.chosen.has(id));
          ids.forEach((id) => (every ? state.chosen.delete(id) : state.chosen.add(id)));
          tell(root, state);
        };
        who.append(all);
      }
      row.append(who);
    }
    const faces = document.createElement("div");
    faces.className = "faces";
    for (const face of group.faces) {
      const free = clickable && !face.used;
      const button = document.createElement(free ? "button" : "div");
      button.className = face.used ? "face used" : "face";
      if (free) {
        button.setAttribute("aria-pressed", String(state.chosen.has(face.id)));
        button.onclick = () => {
          state.chosen.has(face.id) ? state.chosen.delete(face.id) : state.chosen.add(face.id);
          tell(root, state);
        };
      }
      const image = state.pictures.get(face.id) ?? document.createElement("img"); // one that is there stays, and does not blink
      if (image.getAttribute("src") !== face.src) image.src = face.src;
      state.pictures.set(face.id, image);
      const note = [face.note, face.used && texts.used].filter(Boolean).join(" · ");
      image.alt = note || group.title || texts.face;
      image.title = note;
      button.append(image);
      if (face.badge) {
        const badge = document.createElement("span");
        badge.textContent = face.badge;
        button.append(badge);
      }
      faces.append(button);
    }
    row.append(faces);
    box.append(row);
  }
}

function tell(root, state) {
  draw(root, state);
  state.api.setStateValue("chosen", { round: state.data.round, ids: [...state.chosen] });
}

export default function (component) {
  const { parentElement: root, data } = component;
  let state = states.get(root);
  if (!state) states.set(root, (state = { pictures: new Map() }));
  if (state.data?.round !== data.round) state.chosen = new Set();
  state.api = component;
  state.data = data;
  const there = new Set(data.groups.flatMap((group) => group.faces.map((face) => face.id)));
  for (const id of state.chosen) if (!there.has(id)) state.chosen.delete(id);
  draw(root, state);
}
