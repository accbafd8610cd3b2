// Reading a chart by pointing at it: the nearest point is marked, and its time and level are written above.

function nearest(readings, x) {
  let low = 0;
  let high = readings.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (readings[middle][0] < x) low = middle + 1;
    else high = middle;
  }
  const before = readings[low - 1];
  return before && x - before[0] < readings[low][0] - x ? before : readings[low];
}

function read(event) {
  const drawing = event.target.closest?.("[data-chart] svg[data-readings]");
  if (!drawing) return;
  drawing.readings ??= JSON.parse(drawing.dataset.readings);
  if (!drawing.readings.length) return;
  const box = drawing.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * drawing.viewBox.baseVal.width;
  const [atX, atY, text] = nearest(drawing.readings, x);
  const cursor = drawing.querySelector("[data-cursor]");
  const dot = drawing.querySelector("[data-dot]");
  cursor.setAttribute("transform", `translate(${atX} 0)`);
  dot.setAttribute("cx", atX);
  dot.setAttribute("cy", atY);
  cursor.classList.add("on");
  dot.classList.add("on");
  drawing.closest("[data-chart]").querySelector("[data-read]").textContent = text;
}

document.addEventListener("pointermove", read);
document.addEventListener("pointerdown", read);
