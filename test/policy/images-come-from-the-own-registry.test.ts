import { imagesComeFromTheOwnRegistry } from "../../policy/rules/images-come-from-the-own-registry.ts";
import { container, deployment, describeRule } from "./support.ts";

const own = "100000000003.dkr.ecr.us-west-2.amazonaws.com";
const image = [...container, "image"];

describeRule(imagesComeFromTheOwnRegistry, "workload", deployment, [
  {
    title: "refuses another account's registry",
    at: image,
    value: "935743309409.dkr.ecr.us-west-2.amazonaws.com/a:v1.0.0",
    expected: [
      `spec.template.spec.containers[0].image: found "935743309409.dkr.ecr.us-west-2.amazonaws.com/a:v1.0.0"; must begin with ${own}/`,
    ],
  },
  {
    title: "refuses a host that only begins like it",
    at: image,
    value: `${own}.example.com/a:v1.0.0`,
    expected: [
      `spec.template.spec.containers[0].image: found "${own}.example.com/a:v1.0.0"; must begin with ${own}/`,
    ],
  },
]);

const updates = {
  apiVersion: "argocd-image-updater.argoproj.io/v1alpha1",
  kind: "ImageUpdater",
  spec: { applicationRefs: [{ images: [{ imageName: `${own}/idp/localtime` }] }] },
};
describeRule(imagesComeFromTheOwnRegistry, "manifest", updates, [
  {
    title: "refuses to update from elsewhere",
    at: ["spec", "applicationRefs", 0, "images", 0, "imageName"],
    value: "docker.io/a",
    expected: [
      `spec.applicationRefs[0].images[0].imageName: found "docker.io/a"; must begin with ${own}/`,
    ],
  },
  {
    title: "ignores other kinds",
    at: [],
    value: { kind: "ConfigMap", imageName: "docker.io/a" },
    expected: [],
  },
]);
