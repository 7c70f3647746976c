/**
 * Runs the platform's program under Pulumi's mocks, stack by stack, and answers with what it registered. A process of its
 * own, because the mocks and the program's packages are for a whole process, and the packages take a second to load.
 */
import { pathToFileURL } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { committed } from "../../config/committed.ts";
import { engineSettings } from "../../config/stack-files.ts";
import { getOneMessage, sendMessage } from "execa";
import { messageOf } from "../../lib/message-of.ts";
import { isUnjudged } from "../plan.ts";
import { isMap, signature } from "../values.ts";
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
        { stack, account: accountIn(config) },
      ),
    ),
  );
}
await sendMessage(answers);

/** The account of a stack's settings: what AWS makes up names it. Undefined where the settings do not. */
function accountIn(config: Readonly<Record<string, string>>) {
  const { accountId, region } = committed({ settings: engineSettings(config) }).aws;
  return accountId && region ? { accountId, region } : undefined;
}

/** What the program registers, or why it does not. Inputs that no rule looks at are left out: they are most of the text. */
async function answerOf(run: () => Promise<Registered[]>): Promise<Answer> {
  try {
    const resources = await run();
    return {
      resources: resources.map(({ type, name, inputs, protect, urn, parent }) => ({
        ...{ type, name, protect, urn, parent },
        props: isUnjudged(type) ? {} : withOpenSecrets(inputs),
      })),
    };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** Inputs with secrets as the engine hands them to rules: like any other value. A program is recorded without real ones. */
function withOpenSecrets(inputs: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, opened(value)]));
}

function opened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(opened);
  if (!isMap(value)) return value;
  return signature in value && "value" in value ? opened(value["value"]) : withOpenSecrets(value);
}
