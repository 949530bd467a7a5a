import { type Command, Option, type OptionValues } from "@commander-js/extra-typings";
import type { LatchGateOperator } from "../operator/operator.ts";
import { LatchGateNotFound } from "../vocabulary/errors.ts";
import { approve, deny, refuseUnasked } from "./approvals/decide.ts";
import { facts, showDetail } from "./approvals/detail.ts";
import { explain } from "./approvals/explain.ts";
import { wholeId } from "./approvals/ids.ts";
import { list } from "./approvals/list.ts";
import { watch } from "./approvals/watch.ts";
import type { Define } from "./command.ts";
import { findOperator, type OperatorValues } from "./operator-options.ts";
import { CREDENTIALS, takesOperatorPlace } from "./place-options.ts";
import { reported } from "./reported.ts";

const ID = "its id, or so much of its beginning as no other has";

export const define: Define = (command, terminal, ends) => {
  command.description("Held actions, and deciding on them.").addHelpText("after", CREDENTIALS);

  type Job = (operator: LatchGateOperator) => Promise<number>;
  /** Finds the operator for a job, and says in commands what went wrong. */
  async function does(values: OperatorValues & { json?: true | undefined }, job: Job): Promise<void> {
    const code = await reported("approvals", values.json, terminal, async () => {
      const operator = await findOperator(values, terminal);
      try {
        return await job(operator).catch((error: unknown) => refuseWrongSocket(operator, error));
      } finally {
        await operator.close();
      }
    });
    ends(code);
  }
  const ofOne =
    (given: string, job: (operator: LatchGateOperator, id: string) => Promise<number>): Job =>
    async (operator) =>
      job(operator, await wholeId(operator, given));

  common(command.command("list").description("What waits now (the same as `approvals` alone)."))
    .option("--all", "what has ended or expired too")
    .addOption(
      new Option("--status <state>", "only those in this state").choices([
        "pending",
        "claimed",
        "approved",
        "denied",
        "failed",
      ] as const),
    )
    .action((values) => does(values, (operator) => list(operator, values, terminal)));

  common(
    command.command("show").description("One of them, with what an approve would run and open for good."),
  )
    .argument("<id>", ID)
    .action((id, values) =>
      does(
        values,
        ofOne(id, async (operator, whole) => {
          const detail = await operator.approvals.get(whole);
          if (values.json) terminal.out(JSON.stringify(detail));
          else showDetail(detail, {}, terminal);
          if (!values.json && detail.status === "failed")
            facts(terminal)("why", (await operator.approvals.explain(whole)).why);
          return 0;
        }),
      ),
    );

  common(
    command.command("explain").description("Why it ended as it did, from the audit ledger and its receipt."),
  )
    .argument("<id>", ID)
    .action((id, values) =>
      does(
        values,
        ofOne(id, (operator, whole) => explain(operator, whole, values, terminal)),
      ),
    );

  common(command.command("approve").description("Runs the action now. Shows the approval, and asks first."))
    .argument("<id>", ID)
    .option("--learn-path <glob>", "what to open in place of the path that held the call")
    .option("--learn-domain <domain>", "what to open in place of the domain that held it")
    .option("--again", "also one that is claimed (it may have run, and would run a second time) or expired")
    .option("-y, --yes", "don't ask")
    .action((id, values) => {
      refuseUnasked(values, terminal);
      return does(
        values,
        ofOne(id, (operator, whole) => approve(operator, whole, values, terminal)),
      );
    });

  common(command.command("deny").description("The action will not run; the agent is told the reason."))
    .argument("<id>", ID)
    .option("--reason <text>", "what the agent is told")
    .action((id, values) =>
      does(
        values,
        ofOne(id, (operator, whole) => deny(operator, whole, values, terminal)),
      ),
    );

  common(command.command("watch").description("Each new one, until Ctrl-C.")).action((values) =>
    does(values, (operator) => watch(operator, values, terminal)),
  );
};

/** One that is not there and another socket answer alike to what asks for one approval; to what lists them they do not. */
async function refuseWrongSocket(operator: LatchGateOperator, error: unknown): Promise<never> {
  if (error instanceof LatchGateNotFound && error.body === undefined)
    await operator.approvals.list({ limit: 0 }).catch((refusal: unknown) => {
      if (refusal instanceof LatchGateNotFound) throw refusal;
    });
  throw error;
}

/** What each of them takes. */
function common<Args extends unknown[], Opts extends OptionValues, Global extends OptionValues>(
  command: Command<Args, Opts, Global>,
) {
  return takesOperatorPlace(
    command
      .helpOption("-h, --help", "this")
      .option("--json", "everything as JSON, a line each; approve then asks nothing and needs --yes"),
  );
}
