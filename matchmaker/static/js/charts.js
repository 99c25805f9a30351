// Draws what a page says in `data-chart`, in the page's own colours; the table beside it holds the same figures.
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const palette = () => [1, 2, 3, 4, 5, 6].map((number) => token("--chart-" + number));
const font = () => getComputedStyle(document.body).fontFamily;
const locale = document.documentElement.lang;
const figure = (value) => new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format(value);

function option(spec) {
  const ink = token("--ink"), soft = token("--ink-soft"), line = token("--line");
  const words = { fontFamily: font(), color: ink };
  const said = (value) => (value === null || value === undefined ? "—" : figure(value) + (spec.unit || ""));
  const common = {
    animation: false,
    color: palette(),
    textStyle: words,
    aria: { enabled: false },  // the box carries its name, the table its figures
    tooltip: {
      renderMode: "richText", trigger: spec.kind === "funnel" ? "item" : "axis", confine: true,
      backgroundColor: token("--paper"), borderColor: line, textStyle: words, valueFormatter: said,
    },
    legend: spec.series.length > 1 ? { bottom: 0, textStyle: { ...words, color: soft }, itemHeight: 10 } : undefined,
  };
  if (spec.kind === "funnel") {
    const data = spec.categories.map((name, row) => ({ name, value: spec.series[0].data[row] }));
    return { ...common, series: [{ type: "funnel", sort: "none", minSize: "4%", top: 8, bottom: 8, left: "10%", right: "10%", data, itemStyle: { borderColor: token("--paper") }, label: { ...words, formatter: (part) => part.name + "  " + figure(part.value) } }] };
  }
  const names = { type: "category", data: spec.categories, axisTick: { show: false }, axisLine: { lineStyle: { color: line } }, axisLabel: { color: soft, hideOverlap: true }, inverse: Boolean(spec.across) };
  const values = { type: "value", axisLabel: { color: soft, formatter: figure }, splitLine: { lineStyle: { color: line } }, minInterval: spec.unit ? 0 : 1 };
  if (spec.across) names.axisLabel = { ...names.axisLabel, width: Math.min(190, innerWidth / 4), overflow: "truncate", hideOverlap: false };
  return {
    ...common,
    grid: { left: 8, right: 24, top: 16, bottom: spec.series.length > 1 ? 36 : 8, containLabel: true },
    xAxis: spec.across ? values : names,
    yAxis: spec.across ? names : values,
    series: spec.series.map((series) => ({
      name: series.name, data: series.data, type: spec.kind, stack: spec.stacked ? "all" : undefined,
      barMaxWidth: 26, symbolSize: 6, lineStyle: { width: 2.5 }, itemStyle: { borderRadius: spec.stacked ? 0 : 3 },
    })),
  };
}

const boxes = () => document.querySelectorAll("[data-chart]");

function draw(box) {
  const spec = JSON.parse(box.dataset.chart);
  const chart = echarts.getInstanceByDom(box) || echarts.init(box, null, { renderer: "canvas" });
  chart.setOption(option(spec), true);
  chart.off("click");
  chart.on("click", (part) => {
    const links = spec.series[part.seriesIndex || 0].links;
    if (links && links[part.dataIndex]) location.assign(links[part.dataIndex]);
  });
}

function redraw() { for (const box of boxes()) draw(box); }

redraw();

addEventListener("resize", () => { for (const box of boxes()) echarts.getInstanceByDom(box)?.resize(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-png]");
  const box = button && document.getElementById(button.dataset.png);
  const chart = box && echarts.getInstanceByDom(box);
  if (!chart) return;
  const link = document.createElement("a");
  link.href = chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: token("--paper") });
  link.download = box.dataset.name + ".png";
  link.click();
});
