// How a report looks: a scientific paper on a wide screen, one column on a phone, ink on white on paper.
#pragma once

namespace smooth {

inline constexpr const char* kPageStyle = R"css(
:root { color-scheme: light dark; --ink: #1d2024; --soft: #5d646e; --line: #d8dbe0; --page: #ffffff; --tint: #f5f6f8;
  --asked: #ffe79a; --other: #e3e7ee; --good: #00694a; --bad: #a84300;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", Georgia, serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  --mono: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace }
* { box-sizing: border-box }
html { -webkit-text-size-adjust: 100% }
body { margin: 0; background: var(--page); color: var(--ink); font: 17px/1.55 var(--serif) }
main { max-width: 68rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
h1 { font-size: 2rem; line-height: 1.2; font-weight: 600; margin: 0 0 1.2rem; letter-spacing: -0.01em }
h2 { font-size: 1.3rem; line-height: 1.3; font-weight: 600; margin: 3rem 0 0.8rem; padding-top: 0.7rem; border-top: 1px solid var(--line) }
h3 { font: 600 1rem/1.4 var(--sans); margin: 2rem 0 0.4rem }
h4 { font: 400 0.8rem/1.4 var(--sans); color: var(--soft); margin: 0 }
p { max-width: 44rem; margin: 0.7rem 0 }
p.lead { font-size: 1.12rem; line-height: 1.5 }
p.notice { font: 0.92rem/1.5 var(--sans); padding-left: 0.9rem; border-left: 3px solid var(--bad) }
code, pre { font-family: var(--mono); font-size: 0.82em; overflow-wrap: anywhere }
figure { margin: 1.2rem 0 }
figcaption { max-width: 44rem; font: 0.82rem/1.5 var(--sans); color: var(--soft); margin-top: 0.55rem }
.scroll { overflow-x: auto; overscroll-behavior-x: contain }

table { border-collapse: separate; border-spacing: 0; font: 0.84rem/1.35 var(--sans); font-variant-numeric: tabular-nums }
th, td { padding: 0.36rem 0.6rem; text-align: left; vertical-align: top; font-weight: 400; white-space: nowrap }
thead th { font-weight: 600; vertical-align: bottom; border-top: 1.5px solid var(--ink); border-bottom: 1px solid var(--ink) }
tbody tr:last-child > * { border-bottom: 1.5px solid var(--ink) }
th:first-child { position: sticky; left: 0; background: var(--page); padding-left: 0 }
tbody th:first-child { font-weight: 500; white-space: normal; min-width: 9rem; max-width: 13rem }
td:last-child, th:last-child { padding-right: 0.2rem }
.number { text-align: right }
tr.ours:not(:first-child) > * { border-top: 1px solid var(--line) }
tr.paper > *, tr.expected > *, tr.difference > * { color: var(--soft); font-style: italic; padding-top: 0; font-weight: 400 }
tr.difference > * { font-style: normal }
tr.paper th, tr.expected th, tr.difference th { padding-left: 0.9rem }
td.number small { display: block; color: var(--soft); font-size: 0.88em; white-space: pre }

.gallery { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: 1.2rem 2.4rem; margin: 1.2rem 0 }
.gallery figure { margin: 0; max-width: 34rem }
.plot { display: block; width: 100%; height: auto }

details { border-bottom: 1px solid var(--line); font: 0.86rem/1.5 var(--sans) }
summary { padding: 0.5rem 0; cursor: pointer; overflow-wrap: anywhere }
summary small { color: var(--soft); margin-left: 0.6rem; white-space: nowrap }
pre { background: var(--tint); padding: 0.8rem 1rem; margin: 0.6rem 0; line-height: 1.5; border-radius: 3px }
pre.scroll { overflow-wrap: normal; font-size: 0.8rem }

.reading { font-family: var(--sans); margin: 1.5rem 0 2.5rem }
details.reading { margin: 0; font: 1rem/1.5 var(--sans) }
details.reading > summary { font-size: 0.92rem }
.question { font-family: var(--serif); font-style: italic; font-size: 1.05rem; white-space: pre-line; overflow-wrap: anywhere }
.turn { display: grid; grid-template-columns: 3fr 2fr; gap: 0.5rem 1.8rem; border-top: 1px solid var(--line); padding: 0.75rem 0 0.95rem }
.turn h4 { grid-column: 1 / -1 }
.given { font: 0.95rem/1.55 var(--serif); white-space: pre-line; overflow-wrap: anywhere }
.written { font-size: 0.84rem; line-height: 1.45; overflow-wrap: anywhere }
.written pre { white-space: pre-wrap; margin: 0 }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0.2rem 0.9rem; margin: 0; padding-left: 0.9rem; border-left: 3px solid var(--line) }
dt { color: var(--soft) }
dd { margin: 0; min-width: 0 }
ul { margin: 0; padding: 0; list-style: none }
mark { background: var(--asked); color: inherit; padding: 0.08em 0.15em; border-radius: 2px; box-decoration-break: clone; -webkit-box-decoration-break: clone }
mark.other { background: var(--other) }
mark.value { background: none; padding: 0; border-bottom: 2px solid #d9a400; border-radius: 0; font-weight: 600 }
.cut { color: var(--soft); font: italic 0.8rem/1.5 var(--sans) }
.go { font-weight: 500; color: var(--soft) }
.stop { font-weight: 600 }
.verdict { border-top: 1px solid var(--line); padding-top: 0.7rem; max-width: none; white-space: pre-line; overflow-wrap: anywhere }
.verdict b { text-transform: uppercase; letter-spacing: 0.06em; font-size: 0.78rem; margin-right: 0.6rem }
.verdict.right b { color: var(--good) }
.verdict.wrong b { color: var(--bad) }
.verdict small { color: var(--soft); margin-left: 0.6rem }

@media (max-width: 46rem) {
  body { font-size: 16px }
  main { padding: 1.5rem 1rem 3rem }
  h1 { font-size: 1.6rem }
  .turn { grid-template-columns: 1fr }
  th, td { padding: 0.36rem 0.5rem }
  tbody th:first-child { min-width: 6.5rem; max-width: 8rem }
}
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e4e6e9; --soft: #9aa0a9; --line: #34383f; --page: #16181b; --tint: #1f2226; --asked: #5c4a00; --other: #2d333c;
    --good: #4ed0a2; --bad: #ff9a5c }
}
@media print {
  :root { color-scheme: light }
  html { font-size: 10pt }
  body { font-size: 1rem }
  main { max-width: none; padding: 0 }
  .fold::details-content { content-visibility: visible; display: block; height: auto }
  .scroll { overflow: visible }
  th:first-child { position: static }
  table { font-size: 7.5pt }
  th, td { padding: 0.25rem 0.4rem }
  figure:not(.table), .turn, tr { break-inside: avoid }
  thead { display: table-header-group }
  h2, h3 { break-after: avoid }
  pre { white-space: pre-wrap }
  mark { print-color-adjust: exact; -webkit-print-color-adjust: exact }
  .gallery { grid-template-columns: 1fr 1fr }
}
)css";

}  // namespace smooth
