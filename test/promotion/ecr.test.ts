import { expect } from "chai";
import { createServer } from "node:http";
import { ecrRegistry } from "../../promotion/ecr.ts";
import { failure } from "../support/platform.ts";

const host = "111111111111.dkr.ecr.us-west-2.amazonaws.com";

/** Answers of ECR's API, by the operation in the request. */
type Answers = Readonly<
  Record<string, (input: unknown) => readonly [status: number, body: unknown]>
>;

/** What the SDK reads from the environment. */
const settings = {
  AWS_ACCESS_KEY_ID: "id",
  AWS_SECRET_ACCESS_KEY: "key",
  AWS_MAX_ATTEMPTS: "1",
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
};

describe("ECR as a registry", () => {
  const environment = { ...process.env };
  const asked: [operation: string, input: unknown][] = [];
  let answers: Answers;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const operation = (request.headers["x-amz-target"] ?? "").toString().split(".")[1] ?? "";
      const input: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
      asked.push([operation, input]);
      const [status, body] = answers[operation]?.(input) ?? [500, {}];
      response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
      response.end(JSON.stringify(body));
    });
  });
  const token = () => [200, { authorizationData: [{ authorizationToken: "QVdTOng=" }] }] as const;

  before(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    Object.assign(process.env, settings, { AWS_ENDPOINT_URL_ECR: `http://127.0.0.1:${port}` });
  });
  beforeEach(() => {
    asked.length = 0;
    answers = { GetAuthorizationToken: token };
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    for (const name of [...Object.keys(settings), "AWS_ENDPOINT_URL_ECR"]) {
      if (environment[name] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = environment[name];
    }
  });

  it("is reached with the token from ECR", async () => {
    const { name, url, authorization } = await ecrRegistry("dev", host, undefined);
    expect({ name, url, authorization }).to.deep.equal({
      name: "dev",
      url: `https://${host}`,
      authorization: "Basic QVdTOng=",
    });
  });

  it("says when tags were pushed, page by page", async () => {
    answers = {
      ...answers,
      DescribeImages: (input) =>
        JSON.stringify(input).includes("second")
          ? [
              200,
              {
                imageDetails: [
                  { imageTags: ["sha-0000003"], imagePushedAt: 3 },
                  { imagePushedAt: 4 },
                ],
              },
            ]
          : [
              200,
              {
                imageDetails: [{ imageTags: ["sha-0000001", "v1.0.0"], imagePushedAt: 1.5 }],
                nextToken: "second",
              },
            ],
    };
    const { pushTimes } = await ecrRegistry("dev", host, undefined);
    expect([...((await pushTimes?.("idp/clock")) ?? [])]).to.deep.equal([
      ["sha-0000001", new Date(1500)],
      ["v1.0.0", new Date(1500)],
      ["sha-0000003", new Date(3000)],
    ]);
    const query = {
      repositoryName: "idp/clock",
      maxResults: 1000,
      filter: { tagStatus: "TAGGED" },
    };
    expect(asked.slice(1)).to.deep.equal([
      ["DescribeImages", query],
      ["DescribeImages", { ...query, nextToken: "second" }],
    ]);
  });

  it("fails with AWS's message and how to fix it", async () => {
    answers = {
      GetAuthorizationToken: () => [400, { __type: "AccessDeniedException", message: "not you" }],
    };
    expect(await failure(ecrRegistry("prod", host, undefined))).to.equal(
      `No access to prod's registry ${host}: not you\nNothing was changed. Fix: log in (aws sso login), and name the profile of this account: --profile prod=<profile>`,
    );
  });

  it("accepts only an address of ECR", async () => {
    expect(await failure(ecrRegistry("dev", "docker.io", undefined))).to.equal(
      "docker.io is not the address of an ECR registry.",
    );
  });
});
