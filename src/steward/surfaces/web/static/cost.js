// Draws cost by day or week as stacked columns with uPlot; the figures stand in the page, so that nothing is lost without it.

const $ = (selector, root = document) => root.querySelector(selector);
const shown = { signature: "", plot: null };
const DAY = 86_400;

const colour = (n) => getComputedStyle(document.documentElement).getPropertyValue(`--c${Math.min(n, 7)}`).trim();
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function money(value) {
  if (value !== 0 && Math.abs(value) < 0.01) return `$${value.toPrecision(2)}`;
  return value.toLocaleString("en", { style: "currency", currency: "USD" });
}

const short = (value) => (value >= 1000 ? `$${(value / 1000).toLocaleString("en")}K` : `$${value.toLocaleString("en")}`);

// Each stack is drawn as a column up to its top, the highest first, so that the lower ones stand before it.
function stacked(series) {
  const tops = [];
  const sum = new Array(series[0]?.values.length ?? 0).fill(0);
  for (const each of series) {
    each.values.forEach((value, n) => { sum[n] += value; });
    tops.push([...sum]);
  }
  return tops;
}

function columns(data, tops) {
  const bars = uPlot.paths.bars({ size: [0.78, 46], radius: 0 });
  return [
    {},
    ...tops.map((_, n) => tops.length - 1 - n).map((n) => ({
      label: data.series[n].name,
      fill: colour(n),
      width: 0,
      points: { show: false },
      paths: bars,
    })),
  ];
}

function axis(more) {
  return {
    stroke: token("--muted"),
    font: `11.5px ${token("--sans")}`,
    grid: { show: false },
    ticks: { show: false },
    ...more,
  };
}

const monthDay = (seconds) => new Date(seconds * 1000).toLocaleDateString("en", { day: "numeric", month: "short", timeZone: "UTC" });

function tip(canvas, data) {
  const box = document.createElement("div");
  box.className = "chart-tip";
  box.hidden = true;
  canvas.append(box);
  return (plot) => {
    const n = plot.cursor.idx;
    box.hidden = n === null || n === undefined || plot.cursor.left < 0;
    if (box.hidden) return;
    box.replaceChildren(...lines(data, n));
    const right = plot.cursor.left > plot.over.clientWidth / 2;
    const left = plot.over.offsetLeft + plot.valToPos(plot.data[0][n], "x");
    box.style.left = `${right ? Math.max(4, left - box.offsetWidth - 22) : Math.min(left + 34, canvas.clientWidth - box.offsetWidth - 4)}px`;
  };
}

function line(tag, ...parts) {
  const made = document.createElement(tag);
  made.append(...parts);
  return made;
}

function lines(data, n) {
  const total = data.series.reduce((sum, each) => sum + each.values[n], 0);
  const when = data.step > 1 ? `Week of ${data.days[n]}` : data.days[n];
  const found = [line("b", line("span", when), line("span", money(total)))];
  for (const [place, each] of [...data.series.entries()].reverse()) {
    if (!each.values[n]) continue;
    const mark = document.createElement("i");
    mark.className = `c c-${Math.min(place, 7)}`;
    found.push(line("p", mark, line("span", each.name), money(each.values[n])));
  }
  return found;
}

function draw() {
  const source = $("#chart-data");
  const canvas = $("#chart");
  if (!source || !canvas) return;
  const signature = `${source.dataset.chart}${document.documentElement.dataset.theme}${canvas.clientWidth}`;
  if (signature === shown.signature && $(".uplot", canvas)) return;
  shown.signature = signature;
  shown.plot?.destroy();
  canvas.replaceChildren();
  const data = JSON.parse(source.dataset.chart);
  const tops = stacked(data.series);
  const days = data.days.map((day) => Date.parse(`${day}T00:00:00Z`) / 1000);
  const half = data.step * DAY / 2;
  const options = {
    width: canvas.clientWidth - 20,
    height: canvas.clientHeight - 12,
    legend: { show: false },
    cursor: { points: { show: false }, y: false, drag: { x: false, y: false } },
    scales: { x: { time: true, range: () => [days[0] - half, days.at(-1) + half] }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1] } },
    series: columns(data, tops),
    axes: [
      axis({ values: (_, splits) => splits.map(monthDay), size: 30, space: 64, incrs: [1, 2, 7, 14, 28, 56, 91, 182].map((n) => n * DAY) }),
      axis({ values: (_, splits) => splits.map(short), grid: { stroke: token("--line"), width: 1 }, size: 58 }),
    ],
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    hooks: { setCursor: [tip(canvas, data)] },
  };
  shown.plot = new uPlot(options, [days, ...[...tops].reverse()], canvas);
}

let timer = 0;
function drawSoon() {
  clearTimeout(timer);
  timer = setTimeout(draw, 60);
}

document.addEventListener("htmx:after:swap", draw);
addEventListener("resize", drawSoon);
new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
draw();
