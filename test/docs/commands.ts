import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "../../lib/paths.ts";

/** README and the runbooks, in an order in which each page's commands find what they need. */
export const pages: readonly string[] = [
  ...[
    "first-day",
    "disaster",
    "add-a-service",
    "promote",
    "prod-sync",
    "hold-and-rollback",
    "cluster-upgrade",
    "argocd-upgrade",
    "rotate-credentials",
    "github-roles",
    "lost-state",
    "drift",
    "teardown",
    "README",
  ].map((name) => `docs/runbooks/${name}.md`),
  "README.md",
];

/** Returns every page in the repository whose commands have to be accounted for. */
export function pagesThere(): string[] {
  const folder = "docs/runbooks";
  const names = readdirSync(join(repositoryRoot, folder)).filter((name) => name.endsWith(".md"));
  return [...names.map((name) => `${folder}/${name}`), "README.md"];
}

const block = /^ *```sh\n([\s\S]*?)^ *```/gm;
const anyBlock = /^ *```[\s\S]*?^ *```/gm;
const programs = /^(?:alias|npx|make|pulumi|kubectl|argocd|aws|git|curl|eval|export|helm|node) /;

/** Returns the commands in a page's blocks, one per line, and those in its sentences. */
export function commandsIn(text: string): { blocks: string[]; sentences: string[] } {
  const blocks = [...text.matchAll(block)].flatMap(([, lines = ""]) =>
    lines
      .replaceAll(/\\\n\s*/g, "")
      .split("\n")
      .map((line) => line.replace(/(?:^|\s+)# .*$/, "").trim())
      .filter((line) => line !== ""),
  );
  const sentences = [...text.replaceAll(anyBlock, "").matchAll(/`([^`\n]+)`/g)]
    .map(([, span = ""]) => span)
    .filter((span) => programs.test(span));
  return { blocks, sentences };
}

const byPage = new Map(
  pagesThere().map((page) => [page, commandsIn(readFileSync(join(repositoryRoot, page), "utf8"))]),
);

const allBlocks = [...byPage.values()].flatMap(({ blocks }) => blocks);

/** Every command of every page. */
export const allCommands: readonly string[] = [
  ...allBlocks,
  ...[...byPage.values()].flatMap(({ sentences }) => sentences),
];

/** Commands that change nothing and take long: if several pages have one, only the last page's is run. */
const looks = /^(?:pulumi preview|npx idp audit) /;

/**
 * Returns the commands of a page that are run. Left out are those of {@link notRun}; those in a sentence that a block
 * repeats, or that are only the beginning of another command (`pulumi up`); and long ones that a later page has, too.
 */
export function runCommandsOf(page: string): string[] {
  const { blocks = [], sentences = [] } = byPage.get(page) ?? {};
  const whole = sentences.filter(
    (text) =>
      !allBlocks.includes(text) &&
      !allCommands.some((command) => command !== text && command.startsWith(text)),
  );
  const later = pages.slice(pages.indexOf(page) + 1);
  const isLater = (text: string) => later.some((name) => byPage.get(name)?.blocks.includes(text));
  return [...blocks, ...whole].filter(
    (text) => !(text in notRun) && !(looks.test(text) && isLater(text)),
  );
}

const noAws = "the twin has no AWS behind it";
const noGithub = "the twin has no GitHub behind it";
const onGithub = "it is about GitHub; test/cli/github.test.ts plays gh";
const noApp = "the twin's git server wants no key; test/cli/writer-key.test.ts plays kubectl";
const example = "it has a placeholder that the reader replaces";
const runBy = (spec: string) => `test/e2e/${spec}.e2e.ts runs it`;
const noPod =
  "the Pods of Argo CD's redis proxy, to which it forwards a port, are simulated in the twin";
const teardown = runBy("shared-twin/12-down");

/** Commands that neither 08-disaster.e2e.ts nor 11-runbooks.e2e.ts of test/e2e/shared-twin runs, and why. */
export const notRun: Readonly<Record<string, string>> = {
  // Run by another test.
  "make up": runBy("own-twin/fork"),
  "make test": runBy("own-twin/fork"),
  "npx idp init": runBy("own-twin/fork"),
  "make down": runBy("own-twin/fork"),
  "pulumi config set --path idp:cluster.deletionProtection false -s prod": teardown,
  "pulumi up -s prod --yes": teardown,
  "pulumi destroy -s prod --yes": teardown,
  "aws logs delete-log-group --log-group-name /aws/eks/idp-prod/cluster": teardown,
  "npx idp twin demo": `${runBy("shared-twin/01-up")} as the end of the first make up`,
  "pulumi preview -s prod": runBy("shared-twin/01-up"),
  "pulumi preview -s dev": runBy("shared-twin/02-operator"),
  "kubectl -n argocd delete application <service>": runBy("shared-twin/03-service-new"),
  "kubectl delete namespace <service>": runBy("shared-twin/03-service-new"),
  "pulumi preview -s dev --policy-pack policy":
    "the page's `pulumi up` begins with the same preview",
  "npx idp audit prod": runBy("shared-twin/07-audit"),
  "pulumi up --refresh -s prod": runBy("shared-twin/07-audit"),
  'kubectl -n argocd patch applicationset services --type json -p \'[{"op":"remove","path":"/spec/template/spec/syncPolicy/automated"}]\'': `${runBy("shared-twin/07-audit")} as another patch`,
  'alias idp="npx --no idp"': "it is for a person's shell",
  'eval "$(idp completion bash)"': "test/cli/completion.test.ts runs it in bash",

  // They have nothing to do with the twin.
  "make golden": "it would rewrite the files of this clone",
  "make install": "it would install the packages that the test runs with",
  "make help": "it is about make",
  "make e2e": "it is this test",

  // The twin cannot run them.
  "argocd login --core": noPod,
  "argocd app diff time-service": noPod,
  "argocd app sync time-service": noPod,
  "kubectl port-forward -n argocd svc/argocd-server 8443:443":
    "it runs until it is stopped; test/e2e/shared-twin/04-containers.e2e.ts forwards another port",
  "pulumi stack export --version <number> -s staging": "only Pulumi Cloud keeps versions by number",
  "pulumi config set --secret idp:githubApp -s dev < github-app.json":
    "the twin's repository is not on GitHub",
  "npx idp github writer-key dev --profile acme-dev < <file>.pem": noApp,
  "npx idp github writer-key <stack> < <file>.pem": noApp,
  "pulumi cancel -s staging": `no run holds the lock; ${runBy("shared-twin/10-crash")} where one does`,
  "pulumi stack rm prod": "the tests after it need the stack",
  'pulumi stack change-secrets-provider "awskms://alias/<key>?region=<region>" -s <stack>': noAws,
  "aws eks describe-cluster-versions --cluster-versions 1.36": noAws,
  "aws eks list-insights --cluster-name idp-dev": noAws,
  "aws eks describe-addon-versions --addon-name metrics-server --kubernetes-version <version> --query 'addons[].addonVersions[].[compatibilities[0].defaultVersion,addonVersion]' --output text | sort -r":
    noAws,
  "aws eks update-cluster-version --name idp-dev --kubernetes-version <version>": noAws,
  'aws codebuild start-build --project-name idp-prod-runner --source-type-override NO_SOURCE --buildspec-override \'{"version":0.2,"phases":{"build":{"commands":["codebuild-breakpoint"]}}}\' --debug-session-enabled --query build.id --output text':
    noAws,
  "aws codebuild batch-get-builds --ids <build> --query 'builds[0].debugSession.sessionTarget' --output text":
    noAws,
  "aws ssm start-session --target <target>": noAws,
  "aws configure export-credentials --format env": noAws,
  "aws iam list-instance-profiles-for-role --role-name <role>": noAws,
  "aws ec2 describe-network-interfaces --filters Name=vpc-id,Values=<vpc>": noAws,
  "pulumi preview -s <stack> --import-file import.json": example,
  "pulumi import -s <stack> --file import.json --protect=false --generate-code=false": example,
  "pulumi preview -s <stack>": example,
  "aws kms cancel-key-deletion --key-id <key>": noAws,
  "npx idp outdated": noGithub,
  "gh workflow run prod-sync.yml -f service=time-service -f version=v1.2.0": noGithub,
  "gh api repos/<owner>/<repository>/actions/oidc/customization/sub": noGithub,
  "gh api repos/<owner>/<repository> --jq '{name: .full_name, repository: .id, owner: .owner.id}'":
    noGithub,
  "aws iam get-role --role-name <role> --query Role.AssumeRolePolicyDocument": noAws,
  "aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=AssumeRoleWithWebIdentity --max-results 5 --query 'Events[].CloudTrailEvent' --output text":
    noAws,
  "aws iam list-open-id-connect-providers": noAws,
  "aws iam get-open-id-connect-provider --open-id-connect-provider-arn <arn> --query ClientIDList":
    noAws,
  "pulumi stack output provisionRoleArn -s dev": "it is for a variable on GitHub",

  'eval "$(npx idp env dev --profile acme-dev)"': "test/cli/env.test.ts runs it",
  "npx idp backend create dev --profile acme-dev": `${noAws}; test/cli/backend.test.ts plays it`,
  'pulumi stack init dev --secrets-provider="awskms://alias/idp-state?region=us-west-2"': noAws,
  "npx idp github setup time-service --apply": onGithub,
  "umask 077": "it is for the next line",
  "git tag v1.0.0": "it is for another repository",

  // They lack the reader's own values.
  "npx idp init --org <owner> --repository <name>": example,
  "pulumi refresh -s <stack>": example,
  "pulumi up -s <stack>": example,
  "git clone --bare <address of this repository> idp.git": example,
  "git remote add upstream <address of this repository>": example,
  "gh repo create <organisation>/idp --private": example,
  "gh repo create <organisation>/time-service --private": example,
  "gh api -X PUT repos/<organisation>/idp/actions/permissions -F enabled=false": example,
  "git -C idp.git push --mirror https://github.com/<organisation>/idp": example,
  "git clone https://github.com/<organisation>/idp": example,
  "gh api orgs/<organisation>/installations --jq '.installations[] | {app_slug, app_id, id}'":
    example,
  "jq -n --arg appId <App ID> --arg installationId <installation> --rawfile privateKey <file>.pem '{$appId, $installationId, $privateKey}' > github-app.json":
    example,
  "npx idp github setup --reviewer <organisation>/<team>": example,
  "npx idp github setup --reviewer <organisation>/<team> --apply": example,
  "npx idp init --staging-account <number>": example,
  "npx idp doctor --profile dev=acme-dev": example,
  "pulumi import aws:iam/openIdConnectProvider:OpenIdConnectProvider <name> <arn> -s dev": example,
  "pulumi import aws:ecr/repository:Repository <name> <repository> -s dev": example,
  "npx idp release time-service v1.0.0 --commit <commit>": example,
  "curl -fsSL --create-dirs -o config/releases/argo-cd/<version>/install.yaml https://raw.githubusercontent.com/argoproj/argo-cd/v<version>/manifests/install.yaml":
    example,
  "sha256sum config/releases/argo-cd/<version>/install.yaml": example,
};
