// Nothing: what the engine, the language host and the SDK take by themselves.
import "@pulumi/pulumi";
