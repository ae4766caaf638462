// Labelled clips beside one another: a click plays one, in its place.

function stop(stage) {
  const video = stage.querySelector("video");
  if (!video) return;
  video.pause();
  video.removeAttribute("src");
  video.load(); // frees the connection
  video.remove();
  stage.classList.remove("playing");
}

function start(stage, clip) {
  const video = document.createElement("video");
  video.src = `${clip.address}#t=${clip.start},${clip.end}`;
  video.playsInline = true;
  video.ontimeupdate = () => video.currentTime >= clip.end && stop(stage);
  video.onerror = () => stop(stage);
  stage.append(video);
  stage.classList.add("playing");
  video.play().catch(() => stop(stage));
}

function drawn(clip, box) {
  const card = made("div", "clip");
  const stage = made("button", "stage");
  stage.type = "button";
  stage.ariaLabel = `${clip.title} ${clockText(clip.start, 0)}`;
  const image = Object.assign(document.createElement("img"), { alt: "", hidden: true });
  stage.append(image);
  showStill(image, clip.src);
  if (clip.address) {
    stage.append(document.createElement("i"));
    stage.onclick = () => {
      const playing = stage.classList.contains("playing");
      box.querySelectorAll(".stage.playing").forEach(stop);
      for (const video of document.querySelectorAll("video")) video.pause();
      playerOf(clip.player)?.pause();
      if (!playing) start(stage, clip);
      stage.blur();
    };
  }
  const title = made("b", clip.funny ? "funny" : "", clip.title);
  card.append(stage, title, made("small", "", clip.note));
  card.title = clip.note;
  return card;
}

const shown = new WeakMap();

export default function ({ parentElement: root, data }) {
  const box = root.querySelector(".clips");
  const key = JSON.stringify(data.clips);
  if (shown.get(root) !== key) {
    shown.set(root, key);
    box.querySelectorAll(".stage.playing").forEach(stop);
    box.replaceChildren(...data.clips.map((clip) => drawn(clip, box)));
  }
  return () => root.isConnected || box.querySelectorAll(".stage.playing").forEach(stop);
}
