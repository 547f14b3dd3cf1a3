/* Charts: <figure class="chart" data-chart="line|area|bar"> around a <table>. The table is the data and stays reachable;
   this script draws it with uPlot above and puts the table behind a button.

   Data, first that exists:
   1. a child <script type="application/json" data-chart-data>:
      {"x": [unix seconds], "series": [{"label": "...", "values": [...], "tone": "success", "dash": false}], "marks": [{"x": unix seconds, "label": "..."}]}
   2. data-url on the figure: the same JSON from this origin;
   3. the table: <time datetime> in the first cell of a row, data-value (or the text) in the others, data-tone on <th>.
   Figure attributes: data-unit ("%", "ms", ""), data-min, data-max, data-height (px), data-sync (charts sharing a cursor),
   data-marks-url (JSON {"marks": [...]} of this origin, drawn as dashed lines), data-brush (a range chosen on the
   chart, see chart_tools.js, opens the page with since and until in its address), data-filling (each value is the sum of
   the step that begins there: one that has not ended is drawn dotted). Steps without any value are hatched. */
(() => {
  "use strict";
  const root = document.documentElement;
  const tools = window.portal.chartTools;
  const tones = ["progress", "success", "warning", "danger", "info", "neutral"];
  const charts = new Set();
  const zone = root.dataset.timezone || undefined;
  // The server writes "21 Nov, 16:00"; the plain "en" of a browser would say "11/21, 4 PM".
  const locale = root.lang === "en" || root.lang === "en-us" ? "en-GB" : root.lang || undefined;
  const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone });
  const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", timeZone: zone });
  const month = new Intl.DateTimeFormat(locale, { month: "short", year: "numeric", timeZone: zone });

  function axisTimes(ticks, step) {
    return ticks.map((tick) => {
      const moment = new Date(tick * 1000);
      if (step >= 28 * 86400) return month.format(moment);
      const time = clock.format(moment);
      return step >= 86400 || time === "00:00" ? day.format(moment) : time;
    });
  }

  function token(name, from = root) {
    const probe = document.createElement("span");
    probe.className = "visually-hidden";
    from.append(probe);
    probe.style.color = `var(--${name})`;
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  }

  const colourOf = (series, index) => token(`${series.tone || tones[index % tones.length]}-solid`);
  const faded = (colour, alpha) => colour.replace(/^rgba?\(([^)]+)\)$/, (_, parts) => `rgba(${parts.split(",").slice(0, 3).join(",")}, ${alpha})`);

  function fromTable(table) {
    const heads = Array.from(table.tHead.rows[0].cells).slice(1);
    const rows = Array.from(table.tBodies[0].rows);
    const number = (cell) => {
      const raw = cell?.dataset.value ?? cell?.textContent.replace(/[^\d.eE+-]/g, "");
      return raw === "" || raw === undefined || Number.isNaN(Number(raw)) ? null : Number(raw);
    };
    return {
      x: rows.map((row) => Date.parse(row.cells[0].querySelector("time").dateTime) / 1000),
      series: heads.map((head, index) => ({
        label: head.textContent.trim(),
        tone: head.dataset.tone,
        values: rows.map((row) => number(row.cells[index + 1])),
      })),
      marks: [],
    };
  }

  async function read(figure) {
    const inline = figure.querySelector("script[data-chart-data]");
    if (inline) return JSON.parse(inline.textContent);
    if (figure.dataset.url) {
      const answer = await fetch(figure.dataset.url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json();
    }
    return fromTable(figure.querySelector("table"));
  }

  function format(value, unit) {
    if (value === null || value === undefined) return "–";
    const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
    const text = value.toLocaleString(locale, { maximumFractionDigits: digits });
    return unit ? `${text}${unit === "%" ? "%" : ` ${unit}`}` : text;
  }

  function marksPlugin(marks, colour, text) {
    return {
      hooks: {
        draw: (plot) => {
          const { ctx, bbox } = plot;
          const ratio = devicePixelRatio;
          ctx.save();
          ctx.strokeStyle = colour;
          ctx.fillStyle = text;
          ctx.font = `${11 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
          ctx.setLineDash([4 * ratio, 3 * ratio]);
          let free = -Infinity;
          for (const mark of [...marks].sort((one, other) => one.x - other.x)) {
            const left = Math.round(plot.valToPos(mark.x, "x", true));
            if (left < bbox.left || left > bbox.left + bbox.width) continue;
            ctx.beginPath();
            ctx.moveTo(left, bbox.top);
            ctx.lineTo(left, bbox.top + bbox.height);
            ctx.stroke();
            // Above the plot, where no curve is; a label that has no room is left to the table of marks.
            const width = ctx.measureText(mark.label).width;
            const from = Math.min(left, bbox.left + bbox.width - width);
            if (from < free) continue;
            ctx.textAlign = "left";
            ctx.fillText(mark.label, from, bbox.top - 5 * ratio);
            free = from + width + 8 * ratio;
          }
          ctx.restore();
        },
      },
    };
  }

  const markRequests = new Map();
  function marksFrom(url) {
    if (!markRequests.has(url)) {
      const asked = fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      markRequests.set(url, asked.then((answer) => (answer.ok ? answer.json() : { marks: [] })).then((found) => found.marks, () => []));
    }
    return markRequests.get(url);
  }

  function gapsPlugin(data, colour) {
    const isEmpty = (index) => index !== data.filling && data.series.every((series) => series.values[index] === null || series.values[index] === undefined);
    const step = data.x.length > 1 ? data.x[1] - data.x[0] : 0;
    return {
      hooks: {
        drawClear: (plot) => {
          const { ctx, bbox } = plot;
          ctx.save();
          ctx.strokeStyle = colour;
          ctx.lineWidth = devicePixelRatio;
          for (let index = 0; index < data.x.length; index += 1) {
            if (!isEmpty(index)) continue;
            const at = (seconds) => Math.min(Math.max(plot.valToPos(seconds, "x", true), bbox.left), bbox.left + bbox.width);
            const left = at(data.x[index] - step / 2);
            const right = at(data.x[index] + step / 2);
            ctx.save();
            ctx.beginPath();
            ctx.rect(left, bbox.top, right - left, bbox.height);
            ctx.clip();
            ctx.beginPath();
            const gap = 7 * devicePixelRatio;
            // Aligned to the whole plot, so that neighbouring steps make one pattern.
            for (let x = Math.floor((left - bbox.height) / gap) * gap; x < right; x += gap) {
              ctx.moveTo(x, bbox.top + bbox.height);
              ctx.lineTo(x + bbox.height, bbox.top);
            }
            ctx.stroke();
            ctx.restore();
          }
          ctx.restore();
        },
      },
    };
  }

  function legend(figure, data, unit) {
    const list = document.createElement("ul");
    list.className = "chart__legend";
    const when = document.createElement("li");
    list.append(when);
    const values = data.series.map((series, index) => {
      const item = document.createElement("li");
      item.className = `chart__key tone-${series.tone || tones[index % tones.length]}`;
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("viewBox", "0 0 18 8");
      svg.setAttribute("aria-hidden", "true");
      const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      for (const [key, value] of Object.entries({ x1: 1, x2: 17, y1: 4, y2: 4, stroke: "currentColor", "stroke-width": 2.5, "stroke-linecap": "round", ...(series.dash ? { "stroke-dasharray": "4 4" } : {}) })) line.setAttribute(key, value);
      svg.append(line);
      const value = document.createElement("b");
      item.append(svg, `${series.label} `, value);
      list.append(item);
      return value;
    });
    const known = data.x.map((_, index) => index).filter((index) => data.series.some((series) => series.values[index] !== null && series.values[index] !== undefined));
    // What a step that still fills has so far would look like a fall.
    const whole = known.filter((index) => index !== data.filling);
    const lastKnown = whole.at(-1) ?? known.at(-1) ?? data.x.length - 1;
    const show = (index) => {
      const at = index ?? lastKnown;
      when.textContent = data.x.length ? `${day.format(new Date(data.x[at] * 1000))}, ${clock.format(new Date(data.x[at] * 1000))}` : "";
      values.forEach((value, which) => { value.textContent = format(data.series[which].values[at], unit); });
      return Array.from(list.children, (item) => item.textContent.trim()).join(", ");
    };
    show(null);
    return { list, show };
  }

  function options(figure, data, holder, show) {
    const unit = figure.dataset.unit || "";
    const kind = figure.dataset.chart;
    const text = token("text-muted");
    const grid = { stroke: token("border"), width: 1 };
    const font = `11px ${getComputedStyle(document.body).fontFamily}`;
    const low = figure.dataset.min === undefined ? 0 : Number(figure.dataset.min);
    const top = figure.dataset.max === undefined ? null : Number(figure.dataset.max);
    return {
      width: Math.max(holder.clientWidth, 200),
      height: Number(figure.dataset.height || 220),
      padding: [data.marks?.length ? 22 : 12, 20, 0, 0], // half a label fits to the right
      legend: { show: false },
      cursor: {
        y: false,
        points: { size: 7 },
        drag: { x: true, y: false, setScale: figure.dataset.brush === undefined },
        ...(figure.dataset.sync ? { sync: { key: figure.dataset.sync } } : {}),
      },
      ...(zone ? { tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone) } : {}),
      scales: { y: { range: (_, __, max) => [low, top ?? (max > low ? low + (max - low) * 1.08 : low + 1)] } },
      axes: [
        { stroke: text, font, grid: { show: false }, ticks: { ...grid, size: 4 }, space: 64, values: (_, ticks, __, ___, step) => axisTimes(ticks, step) },
        { stroke: text, font, grid, ticks: { show: false }, size: 56, values: (_, ticks) => ticks.map((tick) => format(tick, unit)) },
      ],
      series: [
        {},
        ...data.series.map((series, index) => {
          const colour = colourOf(series, index);
          return {
            label: series.label,
            stroke: colour,
            width: kind === "bar" ? 0 : 1.75,
            dash: series.dash ? [5, 4] : undefined,
            fill: kind === "bar" ? colour : kind === "area" && index === 0 ? faded(colour, 0.12) : undefined,
            paths: kind === "bar" ? uPlot.paths.bars({ size: [0.7, 40], radius: 0.15 }) : undefined,
            points: { show: data.x.length < 2 },
            spanGaps: false,
          };
        }),
        ...tools.fillingLines(data).map((_, index) => ({
          label: data.series[index].label, stroke: colourOf(data.series[index], index), width: 1.75, dash: [2, 3], points: { show: false },
        })),
      ],
      plugins: [gapsPlugin(data, token("border")), ...(data.marks?.length ? [marksPlugin(data.marks, token("text-faint"), text)] : [])],
      hooks: {
        setCursor: [(plot) => show(plot.cursor.idx)],
        setSelect: figure.dataset.brush === undefined ? [] : [(plot) => tools.openSelection(plot, data)],
      },
    };
  }

  async function draw(figure) {
    if (figure.dataset.ready) return;
    figure.dataset.ready = "1";
    let data;
    try {
      data = await read(figure);
    } catch {
      return; // the table stays
    }
    if (!data.x.length) return;
    data.filling = tools.fillingStep(figure, data);
    const holder = document.createElement("div");
    holder.className = "chart__plot";
    const isBrushed = figure.dataset.brush !== undefined;
    if (!isBrushed) holder.setAttribute("aria-hidden", "true");
    const { list, show } = legend(figure, data, figure.dataset.unit || "");
    const caption = figure.querySelector("figcaption");
    if (caption) caption.after(holder, list);
    else figure.prepend(holder, list);
    const entry = { holder, plot: null };
    const title = tools.addTools(figure, data, () => ({ plot: entry.plot, token, colourOf }));
    entry.render = () => {
      entry.plot?.destroy();
      entry.plot = new uPlot(options(figure, data, holder, show), [data.x, ...tools.wholeLines(data), ...tools.fillingLines(data)], holder);
      entry.plot.ctx.canvas.setAttribute("aria-hidden", "true");
      if (!isBrushed) return;
      tools.followFinger(entry.plot, data);
      tools.followKeys(entry.plot, data, { title, show });
    };
    entry.render();
    charts.add(entry);
    if (figure.dataset.marksUrl) {
      const marks = await marksFrom(figure.dataset.marksUrl);
      if (marks.length && holder.isConnected) {
        data.marks = [...(data.marks || []), ...marks];
        entry.render();
      }
    }
    new ResizeObserver(() => {
      const width = holder.clientWidth;
      if (width && Math.abs(width - entry.plot.width) > 2) entry.plot.setSize({ width, height: entry.plot.height });
    }).observe(holder);
  }

  const scan = (from) => {
    for (const figure of from.querySelectorAll("figure[data-chart]")) void draw(figure);
  };
  const redraw = () => {
    for (const entry of charts) {
      if (entry.holder.isConnected) entry.render();
      else {
        entry.plot.destroy();
        charts.delete(entry);
      }
    }
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  new MutationObserver(redraw).observe(root, { attributes: true, attributeFilter: ["data-theme"] });
  document.addEventListener("htmx:load", (event) => scan(event.detail.elt.parentElement || document));
  scan(document);
})();
