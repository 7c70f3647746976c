import { idp } from "./twin.ts";

/** One twin for the whole suite: it starts without one, and leaves none behind, whatever failed. */
export const mochaHooks = {
  async beforeAll(this: Mocha.Context): Promise<void> {
    this.timeout(60_000);
    await idp("twin", "down");
  },
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(60_000);
    await idp("twin", "down");
  },
};
