// Times in rows: a click jumps the player there.

function drawn({ groups, player }) {
  return groups.map((group) => {
    const row = made("div", "group");
    if (group.title) {
      const title = made("div", "title");
      title.append(made("b", "", group.title));
      if (group.note) title.append(made("small", "", group.note));
      row.append(title);
    }
    const chips = made("div", "chips");
    for (const chip of group.chips) {
      const button = made("button", "", clockText(chip.t, 0));
      button.type = "button";
      if (chip.text) button.append(made("span", "", chip.text));
      button.onclick = () => {
        button.blur();
        playerOf(player)?.goTo(chip.t);
      };
      chips.append(button);
    }
    if (group.rest) chips.append(made("em", "", group.rest));
    row.append(chips);
    return row;
  });
}

export default function ({ parentElement: root, data }) {
  const box = root.querySelector(".groups");
  box.style.setProperty("--height", data.height ? `${data.height}px` : "none");
  box.style.setProperty("--title", data.title);
  box.replaceChildren(...drawn(data));
}
