/** What the exit codes of a command mean that changes git or a registry; for its help. */
export const exitCodes =
  "Exit code: 0 done, or there was nothing to do; 1 refused or failed, and the message says what was changed; 2 wrong command line.";
