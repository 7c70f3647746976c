/**
 * The branch that holds what was reviewed, and the only one that is deployed. It stands in code, beside the stacks'
 * settings, so that a setting alone cannot deploy another one. `npx idp init --branch <branch>` changes both.
 */
export const mainBranch = "main";
