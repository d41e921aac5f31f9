"use strict";
/* Draws the charts. Every number it shows is in the page already; nothing is fetched and nothing is computed but pixels. */
(() => {
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const sans = (px) => `${px * devicePixelRatio}px ${css("--sans")}`;
  const span = (ms) => {
    const n = Math.abs(ms) < 999.5 ? [ms, "ms"] : [ms / 1000, "s"];
    return `${n[0] === 0 ? 0 : Number(n[0].toPrecision(3))} ${n[1]}`;
  };
  const WORDS = ["right answer", "error", "given up"];
  const COLOURS = ["--answer", "--error", "--given-up"];
  const plots = [];

  /* Shapes differ, so that the sorts can be told apart without colour: a dot, a cross, a triangle that points up (at least so long). */
  function mark(ctx, sort, x, y, size) {
    ctx.beginPath();
    if (sort === 0) { ctx.arc(x, y, size * 0.72, 0, 7); ctx.fill(); return; }
    if (sort === 1) { ctx.moveTo(x - size, y - size); ctx.lineTo(x + size, y + size); ctx.moveTo(x + size, y - size); ctx.lineTo(x - size, y + size); }
    else { ctx.moveTo(x, y - size * 1.2); ctx.lineTo(x + size * 1.1, y + size); ctx.lineTo(x - size * 1.1, y + size); ctx.closePath(); }
    ctx.stroke();
  }

  function shade(u, windows) {
    const { ctx, bbox } = u, dpr = devicePixelRatio;
    ctx.save();
    for (const [from, to] of windows) {
      const left = u.valToPos(from, "x", true), right = Math.max(left + dpr, u.valToPos(to, "x", true));
      ctx.fillStyle = css("--window");
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      ctx.fillStyle = css("--window-edge");
      ctx.fillRect(left, bbox.top, dpr, bbox.height);
      ctx.fillRect(right - dpr, bbox.top, dpr, bbox.height);
    }
    ctx.restore();
  }

  function drawPoints(u, points) {
    const ctx = u.ctx, dpr = devicePixelRatio;
    ctx.save();
    ctx.beginPath(); ctx.rect(u.bbox.left - 4 * dpr, u.bbox.top, u.bbox.width + 8 * dpr, u.bbox.height); ctx.clip();
    ctx.lineWidth = 1.5 * dpr;
    points.forEach(([at, took], sort) => {
      ctx.fillStyle = ctx.strokeStyle = css(COLOURS[sort]);
      ctx.globalAlpha = sort === 0 ? 0.7 : 0.95;
      at.forEach((t, i) => mark(ctx, sort, u.valToPos(t, "x", true), u.valToPos(took[i], "y", true), 3 * dpr));
    });
    ctx.restore();
  }

  /* "Noticed" and "back" stand on two rows above the plot, so that they never cover each other or a point. */
  function drawMarks(u, data) {
    const { ctx, bbox } = u, dpr = devicePixelRatio;
    ctx.save();
    ctx.font = sans(11); ctx.textBaseline = "alphabetic"; ctx.lineWidth = dpr; ctx.setLineDash([4 * dpr, 3 * dpr]);
    [[data.noticed, "noticed after", 18], [data.back, "back after", 4]].forEach(([mark, word, rise]) => {
      if (!mark) return;
      const x = u.valToPos(mark[0], "x", true), text = `${word} ${span(mark[1])}`;
      ctx.strokeStyle = ctx.fillStyle = css("--ink");
      ctx.globalAlpha = 0.75;
      ctx.beginPath(); ctx.moveTo(x, bbox.top - (rise + 9) * dpr); ctx.lineTo(x, bbox.top + bbox.height); ctx.stroke();
      ctx.globalAlpha = 1;
      const fits = x + 5 * dpr + ctx.measureText(text).width < bbox.left + bbox.width + 10 * dpr;
      ctx.textAlign = fits ? "left" : "right";
      ctx.fillText(text, x + (fits ? 5 : -5) * dpr, bbox.top - rise * dpr);
    });
    ctx.restore();
  }

  function drawBars(u, data) {
    const ctx = u.ctx, dpr = devicePixelRatio, [good, bad, waited] = data.bars;
    const left = u.bbox.left, width = u.bbox.width / good.length, zero = u.valToPos(0, "y", true);
    ctx.save();
    const bar = (i, from, to, colour) => {
      if (from === to) return;
      const a = u.valToPos(from, "y", true), b = u.valToPos(to, "y", true);
      ctx.fillStyle = css(colour);
      ctx.fillRect(left + i * width + 0.5 * dpr, Math.min(a, b), Math.max(dpr, width - dpr), Math.max(dpr, Math.abs(a - b)));
    };
    good.forEach((n, i) => { bar(i, 0, n, "--answer-bar"); bar(i, 0, -bad[i], "--error"); bar(i, -bad[i], -bad[i] - waited[i], "--given-up"); });
    ctx.fillStyle = css("--soft"); ctx.fillRect(left, zero - dpr / 2, u.bbox.width, dpr);
    ctx.restore();
  }

  function logSplits(low, high) {
    const decades = Math.log10(high / low), steps = decades > 3 ? [1] : decades > 1.6 ? [1, 3] : [1, 2, 5], splits = [];
    for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e++)
      for (const s of steps) { const v = s * 10 ** e; if (v >= low && v <= high) splits.push(v); }
    return splits;
  }

  function tooltip(u, host, points) {
    const tip = document.createElement("div");
    tip.className = "tip"; tip.hidden = true; host.append(tip);
    return () => {
      const { left, top } = u.cursor;
      let best = null, nearest = 22 ** 2;
      if (left >= 0) points.forEach(([at, took], sort) => at.forEach((t, i) => {
        const dx = u.valToPos(t, "x") - left, dy = u.valToPos(took[i], "y") - top, d = dx * dx + dy * dy;
        if (d < nearest) { nearest = d; best = [t, took[i], sort]; }
      }));
      tip.hidden = !best;
      if (!best) return;
      tip.textContent = `${WORDS[best[2]]}${best[2] === 2 ? " after" : ","} ${span(best[1])}, due at ${(best[0] / 1000).toFixed(2)} s`;
      const x = u.valToPos(best[0], "x") + u.over.offsetLeft, y = u.valToPos(best[1], "y") + u.over.offsetTop;
      tip.style.left = `${Math.min(x + 10, host.clientWidth - tip.offsetWidth - 2)}px`;
      tip.style.top = `${Math.max(0, y - 30)}px`;
    };
  }

  function build(host) {
    if (host.dataset.built || !host.clientWidth) return;
    host.dataset.built = "1";
    const data = JSON.parse(document.getElementById(host.dataset.chart).textContent);
    const narrow = host.clientWidth < 560, gutter = narrow ? 46 : 56, right = narrow ? 8 : 12;
    const axis = () => ({ stroke: () => css("--soft"), font: `11px ${css("--sans")}`, ticks: { show: false }, grid: { stroke: () => css("--grid"), width: 1 } });
    const took = data.points.flatMap((p) => p[1]), high = Math.max(1, ...took), low = Math.max(0.01, Math.min(high, ...took));
    const range = data.log ? [low / 1.4, high * 1.6] : [0, high * 1.08];
    const seconds = (u, splits) => splits.map((v) => `${Number((v / 1000).toFixed(2))} s`);
    const common = { width: host.clientWidth, legend: { show: false }, series: [{}, { show: true, paths: () => null, points: { show: false } }] };
    const cursor = { drag: { x: false, y: false }, points: { show: false }, x: true, y: false };
    const x = { time: false, range: () => data.x };

    let move = () => {};
    const latency = new uPlot({
      ...common, height: 236, padding: [data.noticed || data.back ? 32 : 8, right, 4, 0], cursor,
      scales: { x, y: { distr: data.log ? 3 : 1, range: () => range } },
      axes: [{ ...axis(), size: 6, values: () => [] },
        { ...axis(), size: gutter, gap: 4, splits: data.log ? () => logSplits(...range) : undefined, values: (u, s) => s.map(span), filter: (u, s) => s }],
      hooks: { drawClear: [(u) => shade(u, data.windows)], draw: [(u) => { drawPoints(u, data.points); drawMarks(u, data); }], setCursor: [() => move()] },
    }, [data.x, [high, high]], host);
    move = tooltip(latency, host, data.points);

    const up = Math.max(1, ...data.bars[0]), down = Math.max(...data.bars[1].map((n, i) => n + data.bars[2][i]));
    const counts = new uPlot({
      ...common, height: 104, padding: [6, right, 0, 0], cursor: { show: false },
      scales: { x, y: { range: () => [-Math.max(down, up * 0.1) * 1.06, up] } },
      axes: [{ ...axis(), size: 32, gap: 12, grid: { show: false }, values: seconds, space: narrow ? 56 : 72 },
        { ...axis(), size: gutter, gap: 4, splits: () => !down ? [0, up] : down < up * 0.3 ? [-down, up] : [-down, 0, up], values: (u, s) => s.map((v) => Math.abs(v)), grid: { show: false }, filter: (u, s) => s }],
      hooks: { drawClear: [(u) => shade(u, data.windows)], draw: [(u) => drawBars(u, data)] },
    }, [data.x, [0, 0]], host);
    plots.push({ host, latency, counts });
  }

  const redraw = () => plots.forEach(({ latency, counts }) => { latency.redraw(false, true); counts.redraw(false, true); });
  const buildAll = () => document.querySelectorAll(".plot").forEach(build);
  const hosts = [...document.querySelectorAll(".plot")];
  const seen = new IntersectionObserver((entries) => entries.forEach((e) => e.isIntersecting && build(e.target)), { rootMargin: "600px" });
  /* A closed card has no width to draw in, and hundreds of open ones are drawn as they come near. */
  if (hosts.length <= 40) buildAll();
  hosts.forEach((host) => { seen.observe(host); host.closest("details").addEventListener("toggle", () => build(host)); });
  new ResizeObserver(() => plots.forEach(({ host, latency, counts }) => {
    if (!host.clientWidth || latency.width === host.clientWidth) return;
    latency.setSize({ width: host.clientWidth, height: 236 }); counts.setSize({ width: host.clientWidth, height: 104 });
  })).observe(document.body);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  const openTarget = () => { const card = location.hash.startsWith("#test-") && document.getElementById(location.hash.slice(1)); if (card) { card.open = true; card.scrollIntoView(); } };
  addEventListener("hashchange", openTarget);
  document.querySelectorAll('.overview a[href^="#test-"]').forEach((a) => a.addEventListener("click", () => { document.getElementById(a.hash.slice(1)).open = true; }));
  openTarget();

  /* On paper everything is open and dark on white. */
  let opened = [];
  addEventListener("beforeprint", () => {
    document.documentElement.dataset.print = "";
    opened = [...document.querySelectorAll(".card:not([open])")];
    opened.forEach((card) => { card.open = true; });
    buildAll(); redraw();
  });
  addEventListener("afterprint", () => { delete document.documentElement.dataset.print; opened.forEach((card) => { card.open = false; }); redraw(); });

  if (navigator.clipboard) document.querySelectorAll(".replay code").forEach((code) => {
    const text = code.textContent, button = document.createElement("button");
    button.type = "button"; button.textContent = "Copy";
    button.addEventListener("click", () => navigator.clipboard.writeText(text).then(() => { button.textContent = "Copied"; }, () => { button.textContent = "Select and copy"; }));
    code.parentElement.firstElementChild.append(button);
  });
})();
