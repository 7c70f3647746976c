import { createHash } from "node:crypto";
import type { AwsAccount } from "../account.ts";
import { stringAt, stringsAt } from "../properties.ts";
import { arn, globalArn, lastSegment, type Created } from "../spec.ts";
import type { ResourceRecord, Store } from "../store.ts";

const logGroup = "aws:cloudwatch/logGroup:LogGroup";
const instanceProfile = "aws:iam/instanceProfile:InstanceProfile";

/** Who made what EKS makes by itself. */
export function madeByEks(clusterName: string): ResourceRecord["origin"] {
  return { token: `EKS for ${clusterName}`, engine: "", acknowledged: true, adoptedBy: "" };
}

function logGroupOf(clusterName: string): string {
  return `/aws/eks/${clusterName}/cluster`;
}

/** If logging is on and the log group does not exist, EKS creates it, and keeps it when the cluster is deleted. */
export function ensureLogGroup({ id, inputs, account, store }: Omit<Created, "name">): void {
  if (stringsAt(inputs, "enabledClusterLogTypes").length === 0) return;
  const name = logGroupOf(id);
  if (store.read(logGroup, name) !== undefined) return;
  const draft = { account, store, inputs: { name }, name };
  store.create({
    type: logGroup,
    id: name,
    inputs: { name },
    computed: { arn: arn(draft, "logs", `log-group:${name}`) },
    origin: madeByEks(id),
  });
}

/**
 * After a cluster's end its control plane's last lines arrive: whoever deletes the log group then finds it again. On AWS
 * that is a matter of luck (terraform-aws-eks#920, #2763), here it happens each time.
 */
export function writeLate(record: ResourceRecord, account: AwsAccount, store: Store): void {
  ensureLogGroup({ ...record, account, store });
  const group = store.read(logGroup, logGroupOf(record.id));
  if (group === undefined) return;
  store.update({ ...group, origin: { ...group.origin, lateWriter: record.id } });
}

/**
 * Auto Mode's nodes take their role through a profile that EKS makes and does not delete with the cluster
 * (containers-roadmap#2531). A later cluster of the same name finds it there and puts its own role in.
 */
export function ensureInstanceProfile({ account, store, inputs, id }: Created): void {
  const roleArn = stringAt(inputs, "computeConfig.nodeRoleArn");
  if (roleArn === undefined) return;
  const name = `eks-${account.region}-${id}-${shortHash(`${account.id}/${id}`)}`;
  const given = { name, role: lastSegment(roleArn) };
  const known = store.read(instanceProfile, name);
  if (known !== undefined) {
    store.update({ ...known, inputs: given });
    return;
  }
  const draft = { account, store, inputs: given, name };
  const computed = { arn: globalArn(draft, "iam", `instance-profile/${name}`) };
  store.create({ type: instanceProfile, id: name, inputs: given, computed, origin: madeByEks(id) });
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
