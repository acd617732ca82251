"""Letters in pictures: matplotlib's own font has no Chinese, Japanese or Korean ones."""

from __future__ import annotations

from collections.abc import Iterable

MORE_LETTERS = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei"),
    *("Microsoft YaHei", "SimHei", "PingFang SC", "Hiragino Sans GB", "Heiti SC", "Droid Sans Fallback"),
)


def families(installed: Iterable[str]) -> list[str]:
    """Fonts in the order in which a letter is sought in them, of those that are installed."""
    there = set(installed)
    return ["DejaVu Sans", *(name for name in MORE_LETTERS if name in there)]


def use() -> None:
    """Let every picture of this process take letters that its first font lacks from another that is installed."""
    import matplotlib
    from matplotlib.font_manager import fontManager

    matplotlib.rcParams["font.family"] = families(fontManager.get_font_names())
