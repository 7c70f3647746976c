import { expect } from "chai";
import { cacheDir } from "../../lib/paths.ts";
import { stateDir } from "../../twin/state/folder.ts";

describe("paths", () => {
  it("keeps the cache under XDG_CACHE_HOME unless IDP_CACHE names another place", () => {
    expect(cacheDir({ XDG_CACHE_HOME: "/x" })).to.equal("/x/idp");
    expect(cacheDir({ XDG_CACHE_HOME: "/x", IDP_CACHE: "/y" })).to.equal("/y");
  });

  it("takes an empty variable for an unset one", () => {
    expect(cacheDir({ IDP_CACHE: "", XDG_CACHE_HOME: "/x" })).to.equal("/x/idp");
  });

  it("lets IDP_TWIN move the twin's state", () => {
    expect(stateDir({ IDP_TWIN: "/twin" })).to.equal("/twin");
  });
});
