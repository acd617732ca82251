"""The look of the HTML report; inside the page, which needs nothing but itself."""

STYLE = """
:root { --ink: #1c2430; --soft: #5b6675; --line: #dde3ea; --paper: #ffffff; --shade: #f5f7fa; --accent: #2a62c9;
  --old: #fdecec; --old-in: #f6bcbc; --new: #e8f6ec; --new-in: #abdfba; --error: #b3261e; --warning: #9a6200;
  --note: #37618e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ee; --soft: #9aa6b5; --line: #333c48; --paper: #161b22;
  --shade: #1e252e; --accent: #7aa7ff; --old: #3a2023; --old-in: #7a3338; --new: #1a3324; --new-in: #2c6b42;
  --error: #ff8f86; --warning: #eebc62; --note: #8fbdf0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1500px; margin: 0 auto; padding: 28px 32px 80px; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 0; font-family: ui-monospace, monospace; }
p.under { color: var(--soft); margin: 0 0 22px; }
a { color: var(--accent); text-decoration: none; } a:hover { text-decoration: underline; }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin-bottom: 22px; }
.tile { border: 1px solid var(--line); border-radius: 10px; padding: 12px 18px; min-width: 132px; }
.tile b { display: block; font-size: 24px; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile > span { color: var(--soft); font-size: 13px; }
table.files { border-collapse: collapse; width: 100%; margin-bottom: 34px; }
table.files th { text-align: right; font-weight: 600; color: var(--soft); font-size: 13px; }
table.files th, table.files td { padding: 6px 12px; border-bottom: 1px solid var(--line); }
table.files td { text-align: right; font-variant-numeric: tabular-nums; }
table.files th:first-child, table.files td:first-child { text-align: left; }
.bar { display: inline-block; width: 90px; height: 8px; border-radius: 4px; background: var(--old-in);
  overflow: hidden; vertical-align: middle; margin-right: 8px; }
.bar i { display: block; height: 100%; background: #3d9a5b; }
.error { color: var(--error); } .warning { color: var(--warning); } .note { color: var(--note); }
section { border: 1px solid var(--line); border-radius: 10px; margin-bottom: 26px; overflow: hidden; }
section > header { display: flex; gap: 18px; align-items: baseline; flex-wrap: wrap; background: var(--shade);
  padding: 10px 16px; border-bottom: 1px solid var(--line); position: sticky; top: 0; }
section > header span { color: var(--soft); font-size: 13px; }
table.diff { border-collapse: collapse; width: 100%; table-layout: fixed; font: 12.5px/1.55 ui-monospace, monospace; }
table.diff col.number { width: 52px; }
table.diff td { padding: 0 8px; white-space: pre-wrap; overflow-wrap: anywhere; vertical-align: top; }
table.diff td.n { color: var(--soft); text-align: right; user-select: none; background: var(--shade); }
td.old { background: var(--old); } td.new { background: var(--new); }
td.old mark { background: var(--old-in); color: inherit; } td.new mark { background: var(--new-in); color: inherit; }
tr.gap td { background: var(--shade); color: var(--soft); text-align: center; padding: 2px; }
tr.said td { padding: 3px 8px 5px 60px; font: 13px/1.45 system-ui, sans-serif; border-left: 3px solid currentColor; }
tr.said b { font-family: ui-monospace, monospace; margin-right: 6px; }
p.empty { padding: 4px 16px 8px; color: var(--soft); }
"""
