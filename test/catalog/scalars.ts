/** Plain scalars that YAML 1.1 and YAML 1.2, or two readers of the same version, read differently. */
export const oddScalars = [
  ...[
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "Yes",
    "TRUE",
    "oN",
    "true",
    "False",
    "~",
    "null",
    "Null",
    "",
  ],
  ...["012", "0o14", "0x1F", "0b101", "1_000", "1:30", "1e3", ".5", "+1", "-.inf", ".NaN", "1."],
  ...["2026-11-24", "2026-11-24T12:00:00Z", "=", "<<", "v1.2.3", "1.2.3", "08", "0", "-0"],
  ...['"yes"', "'no'", '"\\x41"', "'it''s'", '"012"', "yes no", "- a", "a: b", "a # b", "#"],
];
