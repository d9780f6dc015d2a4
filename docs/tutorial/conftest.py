"""Scripts of the figures are no tests; the code of zh/ is that of the English pages."""

collect_ignore = ["figures", "zh"]
