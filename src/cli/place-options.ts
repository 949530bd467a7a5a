import { type Command, Option, type OptionValues } from "@commander-js/extra-typings";

const CLIENT = "Where the gate is, found as a client finds it when left out:";
const OPERATORS = "Where the operators' side of the gate is:";

/** Where the agents' side of a gate is: the same words in every command. */
export function takesClientPlace<
  Args extends unknown[],
  Opts extends OptionValues,
  Global extends OptionValues,
>(command: Command<Args, Opts, Global>) {
  return command
    .addOption(new Option("--socket <file>", "the client's socket").helpGroup(CLIENT).conflicts("url"))
    .addOption(new Option("--url <url>", "in its place http://host:port, or unix:///path").helpGroup(CLIENT));
}

/** Where the operators' side of a gate is, and what it asks for. */
export function takesOperatorPlace<
  Args extends unknown[],
  Opts extends OptionValues,
  Global extends OptionValues,
>(command: Command<Args, Opts, Global>) {
  return command
    .addOption(
      new Option(
        "--admin-socket <file>",
        "the operators' socket; by LATCHGATE_ADMIN_SOCKET or the gate's configuration when left out",
      )
        .helpGroup(OPERATORS)
        .conflicts("adminUrl"),
    )
    .addOption(
      new Option("--admin-url <url>", "in its place https://host:port, or unix:///path").helpGroup(OPERATORS),
    )
    .addOption(
      new Option("--ca <file>", "the CA of an operators' port behind TLS (PEM)").helpGroup(OPERATORS),
    )
    .addOption(new Option("--cert <file>", "the client certificate for it (PEM)").helpGroup(OPERATORS))
    .addOption(new Option("--key <file>", "the certificate's private key (PEM)").helpGroup(OPERATORS))
    .addOption(
      new Option(
        "--public-base-url <url>",
        "what proofs name, where the gate's configuration does not say it",
      ).helpGroup(OPERATORS),
    );
}

/** Where an operator's credentials are found, for the end of a command's help. */
export const CREDENTIALS = `
Credentials: LATCHGATE_OPERATOR_KEY (the api key) and
LATCHGATE_OPERATOR_PRIVATE_KEY (the path of a PEM), or as latchgate-mcp has them
LATCHGATE_OPERATOR_TOKEN (the api key) and LATCHGATE_OPERATOR_KEY (the path),
else the one of .latchgate/latchgate.toml with its PEM in .latchgate/operators/`;
