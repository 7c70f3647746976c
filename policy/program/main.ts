/**
 * Runs the platform's program under Pulumi's mocks, stack by stack, and answers with what it registered. A process of its
 * own, because the mocks and the program's packages are for a whole process, and the packages take a second to load.
 */
import { pathToFileURL } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { getOneMessage, sendMessage } from "execa";
import { messageOf } from "../../lib/message-of.ts";
import { isUnjudged } from "../plan.ts";
import { record, type Registered } from "./record.ts";
import { Job, type Answer } from "./registrations.ts";

const { program, runs } = Job.parse(await getOneMessage());
const answers: Answer[] = [];
for (const [index, { stack, config }] of runs.entries()) {
  answers.push(
    await answerOf(() =>
      record(
        async () => {
          pulumi.runtime.setAllConfig(config);
          // The query makes it a module of its own: the program runs anew for each stack.
          await import(`${pathToFileURL(program).href}?run=${index}`);
        },
        { stack },
      ),
    ),
  );
}
await sendMessage(answers);

/** What the program registers, or why it does not. Inputs that no rule looks at are left out: they are most of the text. */
async function answerOf(run: () => Promise<Registered[]>): Promise<Answer> {
  try {
    const resources = await run();
    return {
      resources: resources.map(({ type, name, inputs, protect, urn, parent }) => ({
        ...{ type, name, protect, urn, parent },
        props: isUnjudged(type) ? {} : inputs,
      })),
    };
  } catch (error) {
    return { error: messageOf(error) };
  }
}
