import { expect } from "chai";
import { disruptionBudgets } from "../../components/disruption-budgets.ts";

const tenth = { nodes: "10%" };
const none = (schedule: string, duration: string) => ({
  nodes: "0",
  reasons: ["Drifted", "Underutilized"],
  schedule,
  duration,
});

describe("the budgets of a maintenance window", () => {
  it("are Karpenter's default without one", () => {
    expect(disruptionBudgets(undefined)).to.deep.equal([tenth]);
  });

  it("hold from the window's end to its next beginning, a week later", () => {
    expect(disruptionBudgets({ days: ["wed"], startHour: 9, hours: 4 })).to.deep.equal([
      tenth,
      none("0 13 * * 3", "164h"),
    ]);
  });

  it("hold between the days, whatever their order", () => {
    expect(disruptionBudgets({ days: ["sun", "sat"], startHour: 9, hours: 4 })).to.deep.equal([
      tenth,
      none("0 13 * * 0", "140h"),
      none("0 13 * * 6", "20h"),
    ]);
  });

  it("begin on the day after when the window goes over midnight, and over the week's end", () => {
    expect(disruptionBudgets({ days: ["mon", "sat"], startHour: 22, hours: 3 })).to.deep.equal([
      tenth,
      none("0 1 * * 2", "117h"),
      none("0 1 * * 0", "45h"),
    ]);
  });

  it("leave all hours of the week but those of the windows", () => {
    for (const days of [
      ["mon"],
      ["tue", "thu"],
      ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ]) {
      for (const hours of [1, 12, 23]) {
        const budgets = disruptionBudgets({ days: days as ["mon"], startHour: 20, hours });
        const closed = budgets.slice(1).map(({ duration = "" }) => parseInt(duration));
        expect(closed.reduce((sum, one) => sum + one, 0)).to.equal(168 - days.length * hours);
        expect(Math.min(...closed)).to.be.at.least(1);
      }
    }
  });
});
