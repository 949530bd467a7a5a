// Generated from openapi/operator.yaml (sha256 5ada053668a7a16fc3c568057d257c69e58ef1470bea7a3a3e9543ab3afd7143) by `npm run generate`: do not edit.

export interface paths {
    "/v1/receipts/{receipt_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The receipt's id. The gate makes a UUIDv7, yet takes any string; the pattern keeps `.` and `..` out of the path.
                 * @example 01a20b78-91bb-7372-9c4b-ff2601705659
                 */
                receipt_id: components["parameters"]["ReceiptId"];
            };
            cookie?: never;
        };
        /**
         * A receipt, by its id, for an operator.
         * @description The same path and the same receipt as the client socket's `getReceipt`, with an operator's credentials; a lease is refused here. Neither rate limited nor audited.
         *
         *     Why an approved action failed stands in a receipt that no answer of approve, poll or detail names: its id is in the `deny` event of the audit ledger.
         */
        get: operations["getReceiptAsOperator"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/receipt-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The keys that sign receipts.
         * @description The current key and, where the gate keeps them in a file, the earlier ones, in the order of their making; nothing marks the current one. It looks like a JWK set and is
         *     none: there is no `x`. Each read is an audit event.
         */
        get: operations["listReceiptKeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Held actions, and what became of them.
         * @description The newest first, at most 200, and no way to the next ones; `count` is the length of the list.
         *
         *     **A gate with SQLite (the default) shows an expired approval as `pending` for ever**: compare `expires_at` with the `Date` of the answer. One with Redis forgets it. A
         *     `claimed` one may have run (see `approveApproval`).
         */
        get: operations["listApprovals"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/{approval_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The approval's id. The gate makes a UUIDv7, yet takes any string; the pattern keeps `.` and `..` out of the path.
                 * @example 01a20e5a-7846-74c3-b4dc-a95c7ba45380
                 */
                approval_id: components["parameters"]["ApprovalId"];
            };
            cookie?: never;
        };
        /**
         * One approval, with the plan that an approve would run.
         * @description The request's parameters are never shown, only their hash and what was found of them (`unresolved_domains`, `unresolved_paths`). Two shapes: the record, or, where the
         *     store has lost it and the ledger still knows how it ended, a few members with `source`.
         *
         *     Look here before `approveApproval`: `claimed` with an old `claimed_at` means that an earlier approve was lost and **may have run**; after 120 s the gate would run it again.
         *     `pending` past `expires_at` is an expired approval (SQLite): approve then fails.
         *
         *     **Errors have an empty body**, 401 too.
         */
        get: operations["getApproval"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/{approval_id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The approval's id. The gate makes a UUIDv7, yet takes any string; the pattern keeps `.` and `..` out of the path.
                 * @example 01a20e5a-7846-74c3-b4dc-a95c7ba45380
                 */
                approval_id: components["parameters"]["ApprovalId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Approve a held action, and run it now.
         * @description **This request executes the action** and answers with its output; the agent only polls. It takes as long as the action (30 s by default, queueing on top): give it a long timeout. A body is ignored.
         *
         *     * **An approve always learns.** The domain and the path that held the action (the *first* unresolved one of each, or `learn_domain` and `learn_path`) are learned for
         *       this action before it runs, and stay learned if it fails. `learned_domain` and `learned_path` say what was; nothing says it in the audit ledger. A learned domain
         *       covers its subdomains. **A learned glob overrides the manifest's allowed *and denied* paths for every later approved call** (`docs/**` opens `docs/.env`).
         *     * Of a file action only *learned* paths count once it is approved: a plain approve of a write that the manifest allows, with nothing unresolved, ends 500 and writes
         *       nothing. Give `learn_path`.
         *     * **A claim lasts 120 s.** If the connection is lost while it runs, the claim stays (`claimed`; approve and deny are 409), the effect may have happened, and there is neither
         *       receipt nor audit event. After 120 s the gate accepts another approve **and runs the action a second time**. Look at `getApproval` first.
         *     * The proof is good for one run: the same bytes with the same proof are not executed twice. `replay_detected` means that an earlier copy was accepted: it may have run.
         *     * Of an expired approval (300 s) a gate with SQLite makes 500 and `failed` for another 300 s, then 404; one with Redis answers 404 at once.
         *     * An approval that has ended already is **200** with `already_…`, also one that was denied. After any error past the claim the approval is `failed`, and another
         *       approve is `already_failed`; only a 400 about a path leaves it claimed: it stays so for 120 s.
         *     * The policy is not asked again; the budget of the session that asked is debited now.
         */
        post: operations["approveApproval"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/{approval_id}/deny": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The approval's id. The gate makes a UUIDv7, yet takes any string; the pattern keeps `.` and `..` out of the path.
                 * @example 01a20e5a-7846-74c3-b4dc-a95c7ba45380
                 */
                approval_id: components["parameters"]["ApprovalId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Deny a held action.
         * @description Works while the gate drains, and of an expired approval for another 300 s (SQLite).
         *
         *     * **The body counts only with a content type**: without one it is ignored. With `application/json` it must not be empty (400); another one is 415.
         *     * A deny does not prove that nothing ran: of an approve whose connection was lost it is accepted 120 s later.
         *     * An approval that has ended already is **200** with `already_…`, with the first reason, also one that was approved.
         *     * `trace_id` is that of the agent's request; the deny's own audit event has another, which no answer tells.
         */
        post: operations["denyApproval"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Events of the ledger.
         * @description The newest first by `timestamp`, which is taken before the event gets its place in the chain: **link by hash, not by order**. The filters are exact matches, all of them must
         *     hold, and an unknown word simply finds nothing.
         *
         *     * There is no cursor. To page, ask with `before` one millisecond past the oldest time you have, and drop the events that you know by `trace_id`.
         *     * `after` and `before` are compared **as strings**: write exactly `YYYY-MM-DDTHH:MM:SS.mmmZ`, as this document demands. The gate takes any text, and a
         *       raw `+` in a query is a blank.
         *     * `deny` does not mean that nothing happened: a refused answer of a provider ("response schema violation: …", `budgets_after` set) is one.
         *     * What ended because its client went away has no event at all, and neither has an approved action whose preparation failed.
         */
        get: operations["listAuditEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/audit/verify": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Have the gate check its own chain.
         * @description Reads the whole ledger: expensive. **A broken chain is 200** with `intact: false`. Nothing can tell that the last events were cut off or changed: no later event links to them.
         */
        get: operations["verifyAudit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Counters, in OpenMetrics text.
         * @description Not rate limited. The samples of counters end in `_total_total`, since the families' names end in `_total` already. Each scrape needs a fresh proof, so a stock Prometheus can't
         *     scrape it.
         */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How the gate is.
         * @description `pending_approvals` counts at most 1000, counts expired ones too (SQLite), and is 0 where the store fails.
         */
        get: operations["getStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/epoch": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The revocation epoch.
         * @description It is 0 after each start of the gate. Each read is an audit event.
         */
        get: operations["getEpoch"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/revoke-all": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Make the grants of calls that are under way void.
         * @description **It revokes less than it says**: grants live for seconds, within one call. Leases and pending approvals stay good. Each call raises the epoch by one. A body is ignored.
         */
        post: operations["revokeAll"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/drain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take no new work, for good.
         * @description From now on execute, lease and approve are 503 `draining`, until the gate is restarted: **there is no way back**. Deny, reads and the other writes still work. A body is ignored.
         */
        post: operations["drain"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/reload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Read manifests and policy data again.
         * @description Not the gate's configuration, its credentials or its Rego. **A `data.json` that can't be used is not reported**: the answer still says `ok` and the old one stays. A body is
         *     ignored.
         */
        post: operations["reload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/domains": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Learned domains.
         * @description All of them, without paging: those of one action by `added_at`, else by action and `added_at`. The domains of a manifest are not among them (`getAction`).
         */
        get: operations["listDomains"];
        put?: never;
        /**
         * Learn a domain.
         * @description It counts from the next call on, and covers subdomains. The action need not exist. The live allowlist file of an egress proxy is **not** written anew: only an approve and a
         *     start of the gate do that.
         *
         *     The gate trims and lower-cases what is stored, and takes off one trailing dot, but echoes what was sent. A private address, `localhost`, a name without a dot and a
         *     wildcard over fewer than three labels (`*.example.com`) are refused.
         */
        post: operations["addDomain"];
        /**
         * Forget a learned domain.
         * @description **The text is compared with what is stored as it is**, so `API.GitHub.COM` does not remove `api.github.com`; this document takes lower case alone. A missing one is 200 with
         *     `deleted: false`. The same rules hold as for adding: a wildcard that was forced in on the gate's host can't be removed here.
         */
        delete: operations["removeDomain"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/domains/clear": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Forget all learned domains of an action.
         * @description There is no body; a body is not read.
         */
        delete: operations["clearDomains"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/paths": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Learned paths.
         * @description All of them, without paging: those of one action by `added_at`, else by action and `added_at`. The paths of a manifest are not among them.
         */
        get: operations["listPaths"];
        put?: never;
        /**
         * Learn a path.
         * @description **It overrides the manifest's `allowed_paths` and `denied_paths` for every later approved call** of the action: `docs/**` opens `docs/.env`. It does not lift the hold. The action need not
         *     exist.
         *
         *     An action has at most 50: one more, or one of the 50 again, is **500 `ledger_error`**. Refused are absolute ones, `..`, `*`, `**`, `**\/*` and those that begin
         *     in a sensitive folder (`.env`, `.ssh`, `.git`, `.aws`, …).
         */
        post: operations["addPath"];
        /**
         * Forget a learned path.
         * @description The text is compared as it is. A missing one is 200 with `deleted: false`.
         */
        delete: operations["removePath"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/paths/clear": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Forget all learned paths of an action.
         * @description There is no body; a body is not read.
         */
        delete: operations["clearPaths"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/policy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What every principal may execute.
         * @description The members of `acl` are what stands in the gate's `data.json`. Who is on the allowlist (`allowAction`) is shown nowhere. The whole answer was never recorded; one principal's part was.
         */
        get: operations["getPolicy"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/policy/{principal}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description An agent's name, 1 to 253 bytes (characters here), `agent:my-bot` or `*` for instance. The gate takes any; the pattern keeps out what would leave the path segment or be another path.
                 *     Where it has to be percent-encoded, the proof's `htu` has the decoded text.
                 * @example agent:recorder
                 */
                principal: components["parameters"]["Principal"];
            };
            cookie?: never;
        };
        /**
         * What one principal may execute.
         * @description Only its own entry: what it gets from the entry `*` is not merged in. A principal named `grant`, `revoke` or `allowlist` can't be asked for: these are other paths, and the
         *     answer is 405.
         */
        get: operations["getPrincipalPolicy"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/policy/grant": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let a principal execute actions.
         * @description Writes the gate's `data.json` and its `policy_version` (`v1`, `v1-1`, `v1-2`), also where nothing changes. **`allowed_sinks` is computed anew** from all granted actions and overwrites what
         *     was edited by hand. The file is read, changed and written without a lock: two grants at the same time can lose one.
         */
        post: operations["grantActions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/policy/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take actions from a principal.
         * @description The actions need not exist, and need not have been granted. An unknown principal is **200** with nothing remaining. With its last action a principal's entry goes too. Otherwise as
         *     `grantActions`: `allowed_sinks` is computed anew, and there is no lock.
         */
        post: operations["revokeActions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/admin/policy/allowlist": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Let an agent execute an action without an approval.
         * @description It lifts the hold of this action for this agent and nothing else. **Of a high-risk action every call then ends 500 `internal_error`**, since it lacks an approval. There is no way to read the list.
         */
        post: operations["allowAction"];
        /**
         * Hold an agent's calls of an action again.
         * @description The second time is 404. It needs a body, and with it `Content-Length`.
         */
        delete: operations["disallowAction"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Is the gate's process alive?
         * @description Always 200, also while the gate drains. It looks at nothing that the gate depends on; that is `getReadiness`.
         */
        get: operations["getHealth"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Are the gate's dependencies there?
         * @description The body is the same for 200 and 503, so a 503 here is data and not an error. A draining gate still says `ready`.
         *     `degraded` is 200: only the probe of the egress proxy failed.
         */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/leases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a lease.
         * @description A lease is a session: a JWT bound to the caller's P-256 key, with scopes, a lifetime and perhaps a budget of calls. It cannot be renewed,
         *     listed or given back. Each new lease is a new session with a budget of its own, and approvals belong to the session that opened them.
         *
         *     * Who asks is known from the transport (the peer's UID on a Unix socket); an `Authorization` header has no effect, and neither an agent
         *       id nor a session id can be sent (422). On TCP a gate with peer credentials answers 401 `identity_unauthenticated`.
         *     * An identity with a ceiling of scopes loses the others **without a word**, malformed ones too; only an empty rest is an error (403). What
         *       was granted stands in `scope` of the JWT, not in the answer.
         *     * The lifetime is the gate's (300 s by default, 3600 s at most): it can't be asked for. `exp` is cut to whole
         *       seconds; one gate took a lease for almost a second more, another refused one at that moment: count on neither.
         *     * `budgets.max_calls` is required here although the gate takes it as optional: a `budgets` without it, or with `null`, 0 or more
         *       than 2^63-1, makes a lease on which **every** call is denied. There is no other budget: other members are ignored, a cost budget too.
         *     * Order: body extractor, rate limit, drain, identity, scopes, `fs_root`, key, budget. After an error no lease exists.
         */
        post: operations["createLease"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/.well-known/jwks.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The key that signs leases.
         * @description One key, made anew at each start of the gate: a restart makes every older lease `invalid_lease`. Receipts are signed with another key,
         *     which only operators can read.
         */
        get: operations["getLeaseKeys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/actions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Every registered action.
         * @description All of them, sorted by `action_id`, for anyone who can connect. That an action is listed does not mean that the caller may execute it.
         */
        get: operations["listActions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/actions/{action_id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The action's id. Another string is answered with 404.
                 * @example http_fetch
                 */
                action_id: components["parameters"]["ActionId"];
            };
            cookie?: never;
        };
        /**
         * One action's limits, egress and side effects.
         * @description Note that `egress` is a bare string in one case and an object in the other. Required scopes, verifier, secrets, template and the
         *     response schema are not shown.
         */
        get: operations["getAction"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/actions/{action_id}/schema/request": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The action's id. Another string is answered with 404.
                 * @example http_fetch
                 */
                action_id: components["parameters"]["ActionId"];
            };
            cookie?: never;
        };
        /**
         * The JSON Schema of an action's parameters.
         * @description The schema itself, without an envelope. A 404 says either that there is no such action or that the action has no schema; `getAction`
         *     (`io.has_request_schema`) tells which.
         */
        get: operations["getActionRequestSchema"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/actions/{action_id}/execute": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The action's id. Another string is answered with 404.
                 * @example http_fetch
                 */
                action_id: components["parameters"]["ActionId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Execute an action, or have it held for approval.
         * @description The body is the action's parameters: any JSON value that fits its request schema, at most 1 MiB and `io.max_request_bytes`, nested at
         *     most 10 deep, with at most 100 items in an array. No body counts as `{}`; the content type is not looked at.
         *
         *     * **200 is not success.** It means that the provider ran and a receipt exists. Look at `verification.is_fully_successful` *and* at
         *       `output.ok`: an upstream 500 is a 200 here.
         *     * **202 is not a promise.** Nothing ran. Do not execute again: each repeat opens another approval. Poll with the *same* session.
         *     * **There is no idempotency key but the proof.** The same bytes with the same proof are not executed twice within its life; a fresh proof is
         *       another call. `replay_detected` means that an earlier copy was accepted: it may have run.
         *     * **422 is one word for two things**: parameters that do not fit (nothing ran), and a provider's answer that was refused (it ran).
         *     * 502 comes before or after the effect, with the same code. 500 `evidence_persistence_failed` comes after it.
         *     * If the client goes away, the effect may have happened, the budget is charged, and no receipt or audit event exists.
         *     * There is no time limit on the whole request: at most 4 actions run at a time, the others queue.
         *
         *     Order: body, rate limit, drain, lease, proof, replay check, action, parameters, policy, (hold), budget, provider, response schema, verifier, receipt.
         */
        post: operations["executeAction"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/approvals/{approval_id}/poll": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The approval's id. The gate makes a UUIDv7, yet takes any string; the pattern keeps `.` and `..` out of the path.
                 * @example 01a20e5a-7846-74c3-b4dc-a95c7ba45380
                 */
                approval_id: components["parameters"]["ApprovalId"];
            };
            cookie?: never;
        };
        /**
         * What became of a held action?
         * @description When an operator approves, **the gate runs the stored request at that moment**; the agent does not execute again. The output is then
         *     `provider_receipt` of the receipt named here.
         *
         *     * Polling is bound to the session that opened the approval. Another lease, also a newer one of the same agent, gets 404; after that
         *       lease has ended, or the gate restarted, the outcome can't be polled any more.
         *     * An approval lives 300 s. A gate with SQLite says `pending` for ever after; one with Redis answers 404. Keep a deadline of your own.
         *     * `failed` may come after the effect.
         *     * **Errors have an empty body.** 401 is any failure of lease or proof, replay and an unavailable replay store included.
         */
        get: operations["pollApproval"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Format: date-time
         * @description RFC 3339 in UTC with `+00:00` and 0, 3, 6 or 9 digits of a second, as many as are needed.
         */
        OffsetTime: string;
        /**
         * Format: date-time
         * @description RFC 3339 in UTC with `Z` and exactly 3 digits of a second.
         */
        MillisecondTime: string;
        /** @description SHA-256, hex, without its algorithm in front. */
        HexDigest: string;
        /** @description An operator's name in the gate's configuration. */
        OperatorId: string;
        /** @description An action's id as far as it is checked here; a registered one has at most 128 characters. */
        LearnedActionId: string;
        /**
         * Format: int64
         * @description A session's calls. Without a budget it is 9223372036854775807, which a JavaScript number does not hold exactly (9223372036854775807 reads as 9223372036854775808): test for more
         *     than 2^53, never for equality.
         */
        CallsRemaining: number;
        /** @description Known: http_status, fs_hash, none. */
        VerifierKind: string;
        /** @description Known: operator_dpop. */
        OperatorAuthnMethod: string;
        /** @description The RFC 7638 thumbprint of the operator's key. */
        KeyThumbprint: string;
        /** @description Why the body is no JSON. */
        BrokenBodyText: string;
        /** @description Why the query can't be read. */
        InvalidQueryText: string;
        /**
         * @description `pending`: waits, or has expired. `claimed`: an approve runs, or was lost. The other three are for ever. There is no `expired` and no `executed`.
         * @enum {string}
         */
        ApprovalState: "pending" | "claimed" | "approved" | "denied" | "failed";
        ApprovalSummary: {
            approval_id: components["schemas"]["GateUuid"];
            status: components["schemas"]["ApprovalState"];
            action_id: components["schemas"]["ActionName"];
            action_version: string;
            /** @description The agent. */
            principal: string;
            session_id: components["schemas"]["GateUuid"];
            /** @description Who answers for the agent; missing where nobody is named. */
            owner?: string;
            risk_level: components["schemas"]["RiskLevel"];
            request_hash: components["schemas"]["Sha256Digest"];
            created_at: components["schemas"]["OffsetTime"];
            /** @description 300 s after `created_at`, or up to 0.3 ms less. Nothing happens at that moment with SQLite. */
            expires_at: components["schemas"]["OffsetTime"];
            /** @description The operator whose approve or deny it was; only of one that is not pending. */
            claimed_by?: components["schemas"]["OperatorId"];
        };
        ApprovalList: {
            approvals: components["schemas"]["ApprovalSummary"][];
            /** @description The length of this list, not of all approvals. */
            count: number;
        };
        /** @description The record, by its `status`; or (with `source`) what the ledger remembers of it. A record that waits has no outcome yet. */
        ApprovalDetail: components["schemas"]["ApprovalPending"] | components["schemas"]["ApprovalClaimed"] | components["schemas"]["ApprovalApproved"] | components["schemas"]["ApprovalDenied"] | components["schemas"]["ApprovalFailed"] | components["schemas"]["RememberedApproved"] | components["schemas"]["RememberedDenied"] | components["schemas"]["RememberedFailed"];
        /** @description What every record has. The members of the plan are there all together, in practice always; a damaged record may lack them. */
        ApprovalRecord: {
            approval_id: components["schemas"]["GateUuid"];
            status: components["schemas"]["ApprovalState"];
            action_id: components["schemas"]["ActionName"];
            /** @description The agent. */
            principal: string;
            session_id: components["schemas"]["GateUuid"];
            /** @description Over the canonical form (RFC 8785) of the parameters, which are not shown. */
            request_hash: components["schemas"]["Sha256Digest"];
            created_at: components["schemas"]["OffsetTime"];
            /** @description Missing where the policy has none. */
            policy_version?: string;
            action_version?: string;
            risk_level?: components["schemas"]["RiskLevel"];
            /** @description The principal's allowed sinks when it was held, not this call's target. */
            approved_targets?: string[];
            /** @description Names only. */
            approved_secrets?: string[];
            approved_egress?: components["schemas"]["ApprovedEgress"];
            verifier_kind?: components["schemas"]["VerifierKind"];
            provider_module_digest?: components["schemas"]["ProviderModuleDigest"];
            plan_hash?: components["schemas"]["HexDigest"];
            /** @description An approve after this fails. Up to 0.3 ms less than 300 s after `created_at`. */
            expires_at?: components["schemas"]["OffsetTime"];
            /** @description Domains that neither the manifest nor what was learned allows. An approve learns the first. */
            unresolved_domains?: string[];
            /** @description Paths that neither the manifest nor what was learned allows. An approve learns the first; an absolute one may make it fail and stay claimed. */
            unresolved_paths?: string[];
            budget_snapshot?: components["schemas"]["BudgetSnapshot"];
            database_review?: components["schemas"]["DatabaseReview"];
        };
        ApprovalPending: components["schemas"]["ApprovalRecord"] & {
            /** @enum {string} */
            status: "pending";
        };
        /** @description An approve or deny is under way, or was lost. The action may have run. */
        ApprovalClaimed: components["schemas"]["ApprovalRecord"] & {
            /** @enum {string} */
            status: "claimed";
            claimed_by: components["schemas"]["OperatorId"];
            claimed_at: components["schemas"]["OffsetTime"];
        };
        /** @description What every record that has ended has. */
        ApprovalEnded: components["schemas"]["ApprovalRecord"] & {
            claimed_by: components["schemas"]["OperatorId"];
            claimed_at: components["schemas"]["OffsetTime"];
            completed_at: components["schemas"]["OffsetTime"];
        };
        ApprovalApproved: components["schemas"]["ApprovalEnded"] & {
            /** @enum {string} */
            status: "approved";
            receipt_id: components["schemas"]["GateUuid"];
        };
        ApprovalDenied: components["schemas"]["ApprovalEnded"] & {
            /** @enum {string} */
            status: "denied";
            deny_reason: components["schemas"]["DenyReason"];
        };
        /** @description Approved, and failed. It may have had its effect. */
        ApprovalFailed: components["schemas"]["ApprovalEnded"] & {
            /** @enum {string} */
            status: "failed";
            error_code: components["schemas"]["FailureText"];
        };
        /** @description The operator's text, verbatim; `operator_denied` where none was given. May be empty. */
        DenyReason: string;
        /** @description A sentence of the gate's, in spite of its name, or `already_executed`. Not a fixed list. */
        FailureText: string;
        /** @description What the ledger remembers of an approval that the store has lost. Read in the gate's source, never recorded. */
        RememberedOutcome: {
            approval_id: components["schemas"]["GateUuid"];
            completed_at: components["schemas"]["OffsetTime"];
            /** @constant */
            source: "durable_outcome";
        };
        RememberedApproved: components["schemas"]["RememberedOutcome"] & {
            /** @enum {string} */
            status: "approved";
            receipt_id: components["schemas"]["GateUuid"];
        };
        RememberedDenied: components["schemas"]["RememberedOutcome"] & {
            /** @enum {string} */
            status: "denied";
            deny_reason: components["schemas"]["DenyReason"];
        };
        RememberedFailed: components["schemas"]["RememberedOutcome"] & {
            /** @enum {string} */
            status: "failed";
            error_code: components["schemas"]["FailureText"];
        };
        /** @description Where the action may connect to. A word or an object, open to new words. */
        ApprovedEgress: string | components["schemas"]["EgressProxyAllowlist"];
        /** @description The session's budget when the call was held, and what a run would leave of it. */
        BudgetSnapshot: {
            calls_remaining: components["schemas"]["CallsRemaining"];
            policy_approved_calls_after: components["schemas"]["CallsRemaining"];
        };
        /** @description Of database actions. Read in the gate's source; no shipped action has one, so none was recorded. */
        DatabaseReview: {
            /** @enum {string} */
            database_mode: "strict" | "parameterized" | "hybrid";
            /** @enum {string} */
            statement_mode: "predeclared" | "parameterized" | "unknown";
            operation_class: components["schemas"]["DatabaseOperation"];
            /** @description Lower case, sorted, unique. */
            tables: string[];
            /** @description A value of up to 32 of `[A-Za-z0-9._-]` as it is, any other as `[N chars]`. */
            params_preview: string[];
            statement_id?: string;
            /** @description The SQL itself. */
            query_shape?: string;
        };
        /** @description By `decision`. What has `source` comes from the ledger, since the store has lost it, and says `state` where the store says `status`. */
        ApproveResult: components["schemas"]["ApprovedExecution"] | components["schemas"]["AlreadyEnded"];
        /** @description By `decision`. What has `source` comes from the ledger, since the store has lost it, and says `state` where the store says `status`. */
        DenyResult: components["schemas"]["Denial"] | components["schemas"]["AlreadyEnded"];
        /** @description The action ran just now. As the answer of `execute`, and how it was approved. `trace_id` is new, not that of the agent's request. */
        ApprovedExecution: components["schemas"]["ExecutionResult"] & {
            approval: components["schemas"]["ApprovalEvidence"];
            /** @description As given or found, not as stored. Missing if none was, or if it could not be stored. */
            learned_domain?: string;
            /** @description Relative to the session's root. Missing if none was, or if it could not be stored. */
            learned_path?: string;
        };
        ApprovalEvidence: {
            /** @constant */
            decision: "allow";
            approval_id: components["schemas"]["GateUuid"];
            approved_by: components["schemas"]["OperatorId"];
            /** @description SHA-256, hex, of `latchgate-approval-v1:`, the approval's id, `:` and the plan's hash; or null. */
            approval_hash: string | null;
            operator_authn_method: components["schemas"]["OperatorAuthnMethod"];
            operator_sender_binding?: components["schemas"]["KeyThumbprint"];
        };
        DenyRequest: {
            /** @description Stored and shown to the agent as it is; without it, or with null, `operator_denied`. The audit event has 500 bytes of it. */
            reason?: string | null;
        };
        Denial: {
            /** @constant */
            decision: "deny";
            /** @description That of the agent's request. */
            trace_id: components["schemas"]["GateUuid"];
            action_id: components["schemas"]["ActionName"];
            approval_id: components["schemas"]["GateUuid"];
            denied_by: components["schemas"]["OperatorId"];
            deny_reason: components["schemas"]["DenyReason"];
        };
        /** @description It had ended before this request, which did nothing. */
        AlreadyEnded: components["schemas"]["AlreadyApproved"] | components["schemas"]["AlreadyDenied"] | components["schemas"]["AlreadyFailed"] | components["schemas"]["AlreadyCompleted"] | components["schemas"]["RememberedAlreadyApproved"] | components["schemas"]["RememberedAlreadyDenied"] | components["schemas"]["RememberedAlreadyFailed"];
        /** @description It ran then. Read in the gate's source, never recorded. */
        AlreadyApproved: {
            /** @constant */
            decision: "already_approved";
            approval_id: components["schemas"]["GateUuid"];
            /** @constant */
            status: "approved";
            completed_at?: components["schemas"]["OffsetTime"];
            receipt_id?: components["schemas"]["GateUuid"];
        };
        AlreadyDenied: {
            /** @constant */
            decision: "already_denied";
            approval_id: components["schemas"]["GateUuid"];
            /** @constant */
            status: "denied";
            completed_at?: components["schemas"]["OffsetTime"];
            deny_reason?: components["schemas"]["DenyReason"];
        };
        /** @description It may have had its effect. Why it failed stands in the detail (`error_code`), not here. */
        AlreadyFailed: {
            /** @constant */
            decision: "already_failed";
            approval_id: components["schemas"]["GateUuid"];
            /** @constant */
            status: "failed";
            completed_at?: components["schemas"]["OffsetTime"];
        };
        /** @description A word that the gate's source has for a state that it does not expect. */
        AlreadyCompleted: {
            /** @constant */
            decision: "already_completed";
            approval_id: components["schemas"]["GateUuid"];
            status: components["schemas"]["ApprovalState"];
            completed_at?: components["schemas"]["OffsetTime"];
        };
        RememberedAlreadyApproved: components["schemas"]["RememberedOutcome"] & {
            /** @constant */
            decision: "already_approved";
            /** @constant */
            state: "approved";
            receipt_id: components["schemas"]["GateUuid"];
        };
        RememberedAlreadyDenied: components["schemas"]["RememberedOutcome"] & {
            /** @constant */
            decision: "already_denied";
            /** @constant */
            state: "denied";
            deny_reason: components["schemas"]["DenyReason"];
        };
        RememberedAlreadyFailed: components["schemas"]["RememberedOutcome"] & {
            /** @constant */
            decision: "already_failed";
            /** @constant */
            state: "failed";
            error_code: components["schemas"]["FailureText"];
        };
        /**
         * @description `action_call`: a decision about a call, of the agent or an operator. `lease_revoked`, `approval_granted` and `approval_denied` are defined and never written by 0.2.0.
         *     `budget_rollback_failed` has the decision `error`. Known: action_call, lease_issued, lease_revoked, approval_granted, approval_denied, admin_revoke_all, admin_epoch_read, admin_receipt_keys_read, admin_drain, admin_reload, domain_add, domain_remove, domain_clear, path_add, path_remove, path_clear, policy_grant, policy_revoke, policy_allowlist_added, policy_allowlist_removed, budget_rollback_failed.
         */
        AuditEventType: string;
        /** @description `allow`: it ran, and was verified. `allow_unverified`: it ran, and its outcome is not `verified`, actions without a verifier included. `deny`: refused, **which may be after it ran**. Known: allow, allow_unverified, deny, pending_approval, error. */
        AuditDecision: string;
        /** @description It can be -1. */
        AuditBudget: {
            calls_remaining: components["schemas"]["CallsRemaining"];
        };
        AuditRuntime: {
            module_digest: components["schemas"]["ProviderModuleDigest"];
            /** @enum {string} */
            egress_profile: "none" | "proxy_allowlist" | "unknown";
            /** Format: int64 */
            duration_ms: number;
            /** Format: int64 */
            exit_code: number;
            /** @description Always false in 0.2.0. */
            timeout_hit: boolean;
            /**
             * Format: int64
             * @description A u64; above 2^53 a JavaScript number is not exact.
             */
            fuel_consumed: number;
            io_calls_made: number;
        };
        /**
         * @description One object for all kinds. What does not apply is null, empty, or missing, and which of these depends on the member. The chain's hash of an event is `sha256:` and the hex SHA-256 of
         *     this **whole object** in canonical form (RFC 8785), nulls and `prev_hash` included.
         */
        AuditEvent: {
            /** @description Its own; an approve has another one than the request that was held. */
            trace_id: components["schemas"]["GateUuid"];
            timestamp: components["schemas"]["MillisecondTime"];
            event_type: components["schemas"]["AuditEventType"];
            /** @description The agent; of admin events the operator; empty where nobody was recognised. */
            principal: string;
            /** @description The session; of admin events the operator; empty where none was recognised. */
            session_id: string;
            /** @description Empty where there is no lease. */
            lease_jti: string;
            /** @description How the caller of a lease was recognised; only of `lease_issued`. Known: peercred, peercred:unmapped, oidc, mtls, none. */
            identity_method?: string;
            /** @description Who answers for the agent; missing where nobody is named, and of denials by an operator. */
            owner?: string;
            /** @description Empty where there is none, and of a call of an unknown action. */
            action_id: string;
            action_version: string | null;
            action_digest: string;
            /** @enum {string} */
            action_trust_verdict: "digest_ok" | "mismatch" | "not_registered" | "";
            risk_level?: components["schemas"]["RiskLevel"];
            request_hash: string;
            request_schema_id: string | null;
            /** @description Null of denials by the policy too. */
            policy_version: string | null;
            decision: components["schemas"]["AuditDecision"];
            /**
             * @description A text for people, at most 500 bytes. **Of what was allowed too**: `approved via <approval_id>`, `action=… domain=… inserted=true`. "response schema violation: …" is a denial
             *     after the provider ran, "request schema: …" one before.
             */
            deny_reason: string | null;
            /** @description Egress domains, not the policy's effects of the same name. */
            allowed_sinks: string[];
            budgets_before: components["schemas"]["AuditBudget"] | null;
            budgets_after: components["schemas"]["AuditBudget"] | null;
            runtime: components["schemas"]["AuditRuntime"] | null;
            response_hash: string | null;
            response_bytes: number | null;
            grant_id?: components["schemas"]["GateUuid"];
            /** @description Also of some denials: the receipt then says why an approved action failed. */
            receipt_id?: components["schemas"]["GateUuid"];
            verification_outcome?: components["schemas"]["VerificationTag"];
            approval_id?: components["schemas"]["GateUuid"];
            /** @description The operator who approved, **or denied**. */
            approved_by?: components["schemas"]["OperatorId"];
            operator_authn_method?: components["schemas"]["OperatorAuthnMethod"];
            operator_sender_binding?: components["schemas"]["KeyThumbprint"];
            /** @description The `jti` of the operator's proof. */
            operator_proof_jti?: string;
            /** @description The hash of the event before in the chain; null of the first one. */
            prev_hash: string | null;
            /** @description A posture of the gate is relaxed; false of admin events all the same. */
            dev_mode: boolean;
            /** @description Always false in 0.2.0. */
            sandbox_degraded: boolean;
        };
        AuditEventList: {
            events: components["schemas"]["AuditEvent"][];
        };
        AuditVerification: {
            intact: boolean;
            /** @description How many were looked at, up to and with the broken one. */
            total_events: number;
            /** @description How many linked to the one before; the first counts. */
            verified_links: number;
            /** @description The `trace_id` of the first event that does not link, **the one after** what was changed or deleted. */
            broken_at: components["schemas"]["GateUuid"] | null;
        };
        /** @description OpenMetrics 1.0.0. Families with labels are left out as long as they have no series. */
        OpenMetrics: string;
        GateStatus: {
            /**
             * @description `draining` wins; `ok` if both dependencies are there.
             * @enum {string}
             */
            status: "ok" | "degraded" | "draining";
            version: string;
            /** Format: int64 */
            uptime_seconds: number;
            actions_registered: number;
            pending_approvals: number;
            /** Format: int64 */
            revocation_epoch: number;
            draining: boolean;
            in_flight_executions: number;
            dependencies: {
                /** @description The replay store; true where it is kept in memory. */
                redis: boolean;
                /** @description The policy engine; true where it is embedded. */
                opa: boolean;
            };
            webhooks: {
                active: boolean;
                /** @description Always 0 in 0.2.0. */
                pending_deliveries: number;
            };
        };
        Epoch: {
            /** Format: int64 */
            current_epoch: number;
        };
        Revocation: {
            /** Format: int64 */
            previous_epoch: number;
            /**
             * Format: int64
             * @description One more than before.
             */
            current_epoch: number;
        };
        GateDraining: {
            /** @constant */
            draining: true;
            already_draining: boolean;
            in_flight_executions: number;
        };
        GateReloaded: {
            /** @constant */
            ok: true;
            /** @description How many are registered now. */
            actions: number;
            /** @description Empty where it is not known. */
            policy_version: string;
            reloaded_at: components["schemas"]["OffsetTime"];
        };
        ReceiptKey: {
            /** @description The first 16 characters of `x_hex`; `signing_key_id` of a receipt. */
            kid: string;
            /** @description The public key, 32 bytes in hex. There is no base64url `x`, so a library for JWKs can't read it. */
            x_hex: string;
            /** @constant */
            kty: "OKP";
            /** @constant */
            crv: "Ed25519";
            /** @constant */
            alg: "EdDSA";
            added_at: components["schemas"]["MillisecondTime"];
            /** @constant */
            use: "sig";
        };
        ReceiptKeySet: {
            /** @description It is assumed that a gate that does not sign gives an empty list. */
            keys: components["schemas"]["ReceiptKey"][];
        };
        /**
         * @description A domain, or `*.` and one of at least three labels. The gate also takes upper case, blanks around it and one trailing dot, and stores it without them; since removing compares
         *     the raw text, this document does not.
         */
        DomainToLearn: string;
        /** @description A relative glob, neither `*` nor `**` nor `**\/*`, without `..` and control characters (a tab is allowed), at most 1024 bytes. The gate also refuses one that begins in a sensitive folder. */
        PathToLearn: string;
        /** @description The domain stands in `domain` or in `value`, not in both. */
        DomainRequest: {
            action_id: components["schemas"]["LearnedActionId"];
            domain: components["schemas"]["DomainToLearn"];
        } | {
            action_id: components["schemas"]["LearnedActionId"];
            value: components["schemas"]["DomainToLearn"];
        };
        /** @description The glob stands in `path_glob` or in `value`, not in both. */
        PathRequest: {
            action_id: components["schemas"]["LearnedActionId"];
            path_glob: components["schemas"]["PathToLearn"];
        } | {
            action_id: components["schemas"]["LearnedActionId"];
            value: components["schemas"]["PathToLearn"];
        };
        LearnedEntry: {
            action_id: components["schemas"]["LearnedActionId"];
            /** @description An operator, or a user of the gate's own command. */
            added_by: string;
            added_at: components["schemas"]["OffsetTime"];
            /** @enum {string} */
            source: "approval" | "cli" | "import" | "api";
            /** @description The approval that it was learned by; null of the other sources. */
            approval_id: components["schemas"]["GateUuid"] | null;
        };
        LearnedDomain: components["schemas"]["LearnedEntry"] & {
            /** @description It stands for its subdomains too. */
            domain: string;
        };
        LearnedPath: components["schemas"]["LearnedEntry"] & {
            /** @description Relative to a session's root. */
            path_glob: string;
        };
        LearnedDomainList: {
            domains: components["schemas"]["LearnedDomain"][];
        };
        LearnedPathList: {
            paths: components["schemas"]["LearnedPath"][];
        };
        DomainAdded: {
            action_id: components["schemas"]["LearnedActionId"];
            /** @description As sent, not as stored. */
            domain: string;
            /** @description False if it was learned already. */
            inserted: boolean;
        };
        DomainRemoved: {
            action_id: components["schemas"]["LearnedActionId"];
            /** @description As sent. */
            domain: string;
            /** @description False if it was not learned. */
            deleted: boolean;
        };
        PathAdded: {
            action_id: components["schemas"]["LearnedActionId"];
            path_glob: string;
            /** @description False if it was learned already. */
            inserted: boolean;
        };
        PathRemoved: {
            action_id: components["schemas"]["LearnedActionId"];
            path_glob: string;
            /** @description False if it was not learned. */
            deleted: boolean;
        };
        LearnedCleared: {
            action_id: components["schemas"]["LearnedActionId"];
            deleted_count: number;
        };
        /** @description An agent's name, or `*` for all. At most 253 bytes. */
        PrincipalName: string;
        /**
         * @description What stands in `data.json`; other members (`inherits_wildcard`) may be there. It is assumed that both lists are always there, as the gate writes them; a file that
         *     was edited by hand may lack one.
         */
        PolicyEntry: {
            allowed_actions: string[];
            allowed_sinks: string[];
        } & {
            [key: string]: unknown;
        };
        Policy: {
            /** @description Empty where it is not known. */
            policy_version: string;
            /** @description By principal. */
            acl: {
                [key: string]: components["schemas"]["PolicyEntry"];
            };
        };
        PrincipalPolicy: {
            principal: components["schemas"]["PrincipalName"];
            acl: components["schemas"]["PolicyEntry"];
        };
        GrantRequest: {
            principal: components["schemas"]["PrincipalName"];
            actions: components["schemas"]["LearnedActionId"][];
        };
        GrantResult: {
            principal: components["schemas"]["PrincipalName"];
            /** @description What was asked for, duplicates kept. */
            granted: components["schemas"]["LearnedActionId"][];
            /** @description What the principal has now. */
            total_actions: number;
            /** @description Sorted. */
            allowed_sinks: string[];
        };
        RevokeResult: {
            principal: components["schemas"]["PrincipalName"];
            /** @description What was asked for, granted or not. */
            revoked: components["schemas"]["LearnedActionId"][];
            remaining_actions: number;
            /** @description Sorted. */
            allowed_sinks: string[];
            /** @description Its last action is gone and with it the entry. */
            principal_removed: boolean;
        };
        AllowlistRequest: {
            action_id: components["schemas"]["AllowlistName"];
            /** @description The principal of the agent's leases. */
            agent_id: components["schemas"]["AllowlistName"];
        };
        AllowlistName: string;
        AllowlistResult: {
            /** @constant */
            ok: true;
            action_id: components["schemas"]["AllowlistName"];
            agent_id: components["schemas"]["AllowlistName"];
        };
        UnauthorizedError: {
            /** @description Known: unauthorized. */
            error: string;
        };
        /** @description `deny_reason` comes with `invalid_dpop` and `key_binding_failed`: a text for people, which may quote claims. */
        DecisionUnauthorizedError: {
            /** @description Known: missing_auth_header, invalid_auth_scheme, missing_dpop_header, invalid_operator_token, invalid_dpop, key_binding_failed, replay_detected. */
            error: string;
            deny_reason?: string;
        };
        OperatorThrottledError: {
            /** @description Known: operator_throttled. */
            error: string;
        };
        RateLimitError: {
            /** @description Known: rate_limit_exceeded. */
            error: string;
        };
        ActionNotFoundError: {
            /** @description Known: action_not_found. */
            error: string;
        };
        ApproveBadRequestError: {
            /** @description Known: bad_request. */
            error: string;
            deny_reason: string;
        };
        ApproveConflictError: {
            /** @description Known: conflict, grant_consumed. */
            error: string;
        };
        DenyConflictError: {
            /** @description Known: conflict. */
            error: string;
        };
        ApproveUnavailableError: {
            /** @description Known: replay_cache_unavailable, draining, store_unavailable, budget_store_unavailable. */
            error: string;
        };
        DenyUnavailableError: {
            /** @description Known: replay_cache_unavailable, store_unavailable. */
            error: string;
        };
        ApprovalStoreError: {
            /** @description Known: approval_store_unavailable. */
            error: string;
        };
        InternalError: {
            /** @description Known: internal_error. */
            error: string;
        };
        GateReloadError: {
            /** @description Known: reload_failed. */
            error: string;
            detail: string;
        };
        InvalidActionIdError: {
            /** @description Known: invalid_action_id. */
            error: string;
            detail: string;
        };
        InvalidDomainError: {
            /** @description Known: invalid_action_id, invalid_domain. */
            error: string;
            detail: string;
        };
        InvalidPathGlobError: {
            /** @description Known: invalid_action_id, invalid_path_glob. */
            error: string;
            detail: string;
        };
        LedgerError: {
            /** @description Known: ledger_error, serialization_error. */
            error: string;
        };
        InvalidPrincipalError: {
            /** @description Known: invalid_principal. */
            error: string;
            detail: string;
        };
        PrincipalNotFoundError: {
            /** @description Known: principal_not_found. */
            error: string;
            principal: components["schemas"]["PrincipalName"];
        };
        /** @description `detail` comes with `policy_read_error`. */
        PolicyReadError: {
            /** @description Known: policy_read_error, internal_error. */
            error: string;
            detail?: string;
        };
        /** @description `detail` comes with `policy_write_error`. */
        PolicyWriteError: {
            /** @description Known: policy_write_error, internal_error. */
            error: string;
            detail?: string;
        };
        /** @description `action_id` comes with `unknown_action`, `detail` with the others. */
        GrantBadRequestError: {
            /** @description Known: invalid_principal, empty_actions, too_many_actions, invalid_action_id, unknown_action. */
            error: string;
            detail?: string;
            action_id?: components["schemas"]["LearnedActionId"];
        };
        RevokeBadRequestError: {
            /** @description Known: invalid_principal, empty_actions, too_many_actions, invalid_action_id. */
            error: string;
            detail: string;
        };
        InvalidInputError: {
            /** @description Known: invalid_input. */
            error: string;
            detail: string;
        };
        AllowlistActionNotFoundError: {
            /** @description Known: action_not_found. */
            error: string;
            action_id: components["schemas"]["AllowlistName"];
        };
        AllowlistEntryNotFoundError: {
            /** @description Known: allowlist_entry_not_found. */
            error: string;
            detail: string;
        };
        /**
         * Format: uuid
         * @description A UUIDv7, as the gate makes them. Do not take it for a secret.
         */
        GateUuid: string;
        /** @description SHA-256, hex, with its algorithm in front. */
        Sha256Digest: string;
        /** @description An action's id. */
        ActionName: string;
        /** @description 32 bytes, base64url without padding. */
        Base64Url32: string;
        /**
         * Format: date-time
         * @description RFC 3339 in UTC with `Z` and 0, 3, 6 or 9 digits of a second, as many as are needed.
         */
        Timestamp: string;
        /** @enum {string} */
        RiskLevel: "low" | "medium" | "high" | "critical";
        /** @description What runs the action, a WebAssembly module by its hash or one that the gate brings along. */
        ProviderModuleDigest: string;
        Health: {
            /** @constant */
            status: "ok";
        };
        Readiness: {
            /** @enum {string} */
            status: "ready" | "degraded" | "not_ready";
            /** @description The replay store answers; always true where it is kept in memory. */
            redis: boolean;
            /** @description The policy engine answers; always true where it is embedded. */
            opa: boolean;
            ledger: boolean;
            approval_store: boolean;
            /** @description Null where no proxy is configured; a proxy named by a host name is always false. */
            egress_proxy: boolean | null;
            actions_registered: number;
        };
        ReadinessReady: components["schemas"]["Readiness"] & {
            /** @enum {string} */
            status: "ready" | "degraded";
            /** @constant */
            redis?: true;
            /** @constant */
            opa?: true;
            /** @constant */
            ledger?: true;
            /** @constant */
            approval_store?: true;
            actions_registered?: number;
        };
        ReadinessNotReady: components["schemas"]["Readiness"] & {
            /** @enum {string} */
            status: "not_ready";
        };
        /**
         * @description The public key that the lease is bound to. The gate does not check the coordinates here: a bad point, or padding, shows only at
         *     first use. Other members are ignored; never send `d`.
         */
        DpopJwk: {
            /** @constant */
            kty: "EC";
            /** @constant */
            crv: "P-256";
            x: components["schemas"]["Base64Url32"];
            y: components["schemas"]["Base64Url32"];
        };
        /** @description The session's budget. Other members than `max_calls` are ignored by the gate. */
        LeaseBudgets: {
            /**
             * Format: int64
             * @description How many calls this session may make. A held call is charged when it is approved. The gate reads a u64 and keeps an i64; the maximum here is
             *     2^53-1, up to which a JavaScript number is exact.
             */
            max_calls: number;
        };
        LeaseRequest: {
            /**
             * @description `tools:call` lets one execute actions, `audit:read` is built in too; any other is 4 to 64 of `[a-z0-9:_-]` with a colon within.
             *     Duplicates are kept.
             */
            scopes: components["schemas"]["Scope"][];
            dpop_jwk: components["schemas"]["DpopJwk"];
            /** @description Without it (or with null) the session has no limit. */
            budgets?: components["schemas"]["LeaseBudgets"] | null;
            /** @description An absolute directory on the gate's host that file actions of this session are confined to; null is the same as none. */
            fs_root?: string | null;
        };
        /**
         * @description A scope that the gate takes for well formed. Where the identity has a ceiling, the gate drops malformed ones like any other scope outside of it, so it would
         *     accept a request with one; this document does not.
         */
        Scope: string;
        Lease: {
            /** @description The lease itself, a secret. Its payload holds `scope` (an array), `exp`, `iat`, `cnf.jkt` and, where asked for, `budgets`. */
            lease_jwt: string;
            session_id: components["schemas"]["GateUuid"];
            lease_jti: components["schemas"]["GateUuid"];
            /**
             * Format: date-time
             * @description The JWT's `exp`, by the gate's clock, whole seconds.
             */
            expires_at: string;
            /** @description The canonical path; only where one was asked for. */
            fs_root?: string;
        };
        LeaseKey: {
            /** @constant */
            kty: "EC";
            /** @constant */
            crv: "P-256";
            /** @description The first 16 hex digits of SHA-256 over the public key (SubjectPublicKeyInfo, DER). */
            kid: string;
            /** @constant */
            use: "sig";
            /** @constant */
            alg: "ES256";
            x: components["schemas"]["Base64Url32"];
            y: components["schemas"]["Base64Url32"];
        };
        LeaseKeySet: {
            /** @description Exactly one. */
            keys: components["schemas"]["LeaseKey"][];
        };
        ActionSummary: {
            action_id: components["schemas"]["ActionName"];
            /** @description The manifest's version. */
            version: string;
            risk_level: components["schemas"]["RiskLevel"];
            /**
             * @description Only for database actions, and only where the manifest states a mode: one that leaves it to the default shows none here, and `hybrid` in its detail.
             * @enum {string}
             */
            database_mode?: "strict" | "parameterized" | "hybrid";
        };
        ActionList: {
            actions: components["schemas"]["ActionSummary"][];
        };
        ResourceLimits: {
            /**
             * Format: int64
             * @description A u64; above 2^53 a JavaScript number is not exact.
             */
            fuel: number;
            memory_mb: number;
            /** @description For one run of the provider; queueing comes on top. */
            timeout_seconds: number;
            max_io_calls: number;
            max_host_response_bytes: number;
        };
        ActionIo: {
            /** @description Of the parameters as compact JSON; 1 MiB stays the limit of the transport. */
            max_request_bytes: number;
            max_response_bytes: number;
            has_request_schema: boolean;
            has_response_schema: boolean;
        };
        EgressProxyAllowlist: {
            proxy_allowlist: {
                /** @description Domain names; `*.` in front stands for subdomains. */
                allowed_domains: string[];
            };
        };
        /**
         * @description Where the action may connect to. A word or an object, open to new words; null if the manifest's profile can't be shown, which is not
         *     expected.
         */
        EgressProfile: string | components["schemas"]["EgressProxyAllowlist"] | null;
        /** @enum {string} */
        DatabaseOperation: "select" | "insert" | "update" | "delete" | "ddl" | "grant_revoke" | "copy_io" | "transaction_control" | "multi_statement" | "unknown";
        DatabaseStatement: {
            id: string;
            operation: components["schemas"]["DatabaseOperation"];
            /** @description Lower case, sorted, unique. */
            tables: string[];
            param_count: number;
        };
        /** @description Read in the gate's source; no shipped action has one, so none was recorded. */
        DatabaseProfile: {
            /** @enum {string} */
            mode: "strict" | "parameterized" | "hybrid";
            statements: components["schemas"]["DatabaseStatement"][];
            allows_parameterized_queries: boolean;
            parameterized_operations: components["schemas"]["DatabaseOperation"][];
            blocked_operations: components["schemas"]["DatabaseOperation"][];
        };
        ActionDetail: {
            action_id: components["schemas"]["ActionName"];
            version: string;
            provider_module_digest: components["schemas"]["ProviderModuleDigest"];
            risk_level: components["schemas"]["RiskLevel"];
            resource_limits: components["schemas"]["ResourceLimits"];
            io: components["schemas"]["ActionIo"];
            egress: components["schemas"]["EgressProfile"];
            /** @description Words of the manifest's author, `http_read` for instance. */
            declared_side_effects: string[];
            database?: components["schemas"]["DatabaseProfile"];
        };
        /** @description A JSON Schema. The contract says "any JSON value"; it is assumed that it is what JSON Schema allows, an object or a boolean. */
        ActionRequestSchema: {
            [key: string]: unknown;
        } | boolean;
        /** @description Any JSON value that fits the action's request schema (`getActionRequestSchema`). */
        ActionParameters: unknown;
        /**
         * @description What the provider returned. The gate lets only an object with `ok` pass (a development gate that enforces with `warn` lets anything pass; that
         *     is left out here). `http_api` gives `data.status_code`, `data.headers`, `data.body`, `data.url`; `fs` gives `data` or `error.code` and `error.message`.
         */
        ProviderOutput: {
            ok: boolean;
        } & {
            [key: string]: unknown;
        };
        /**
         * @description `verified`: evidence for it. `verification_failed`: evidence against it, or none. `unverifiable_declared`: the action has no verifier.
         *     The other two are defined and never produced by 0.2.0.
         * @enum {string}
         */
        VerificationTag: "verified" | "verification_failed" | "unverifiable_declared" | "provider_failed_before_verification" | "skipped";
        Verification: {
            outcome: components["schemas"]["VerificationTag"];
            /** @description The provider ended well and the outcome is `verified` or `unverifiable_declared`. It does **not** look at `output.ok`. */
            is_fully_successful: boolean;
        };
        ExecutionRuntime: {
            duration_ms: number;
            /**
             * Format: int32
             * @description Always 0 unless a development gate enforces with `warn`.
             */
            exit_code: number;
            /**
             * Format: int64
             * @description A u64; above 2^53 a JavaScript number is not exact.
             */
            fuel_consumed: number;
        };
        /** @description An action that ran. An operator's approval answers with the same object and more members. */
        ExecutionResult: {
            /** @constant */
            decision: "executed";
            trace_id: components["schemas"]["GateUuid"];
            action_id: components["schemas"]["ActionName"];
            grant_id: components["schemas"]["GateUuid"];
            receipt_id: components["schemas"]["GateUuid"];
            output: components["schemas"]["ProviderOutput"];
            /** @description The same as `verification.outcome`. A string here, an object in the receipt. */
            verification_outcome: components["schemas"]["VerificationTag"];
            verification: components["schemas"]["Verification"];
            runtime: components["schemas"]["ExecutionRuntime"];
        };
        /** @description A held action. There is no expiry in it: an approval lives 300 s on the gate's clock. */
        PendingApproval: {
            /** @constant */
            decision: "pending_approval";
            approval_id: components["schemas"]["GateUuid"];
            /** @description Over the canonical form (RFC 8785) of the parameters. */
            request_hash: components["schemas"]["Sha256Digest"];
            trace_id: components["schemas"]["GateUuid"];
        };
        /** @description There is no `executed` and no `expired`, and neither output nor expiry. */
        ApprovalPoll: components["schemas"]["ApprovalPollPending"] | components["schemas"]["ApprovalPollApproved"] | components["schemas"]["ApprovalPollDenied"] | components["schemas"]["ApprovalPollFailed"];
        ApprovalPollPending: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            status: "pending";
            /**
             * @description 2: waits for an operator. 1: an operator has claimed it and the action may be running. There is no `Retry-After` header.
             * @enum {integer}
             */
            retry_after_seconds: 1 | 2;
        };
        ApprovalPollApproved: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            status: "approved";
            /** @description Always there in practice, optional in the gate's type. */
            receipt_id?: components["schemas"]["GateUuid"];
        };
        ApprovalPollDenied: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            status: "denied";
            /** @description The operator's text; `operator_denied` where none was given. */
            reason: string;
        };
        /** @description Approved, and failed. It may have had its effect. */
        ApprovalPollFailed: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            status: "failed";
            /** @description The gate's own text: more than `execute` ever says, and not a fixed list. */
            reason: string;
        };
        /** @description A gate 0.2.0 produces `success` alone. */
        NormalizedResult: components["schemas"]["NormalizedSuccess"] | components["schemas"]["NormalizedProviderFailure"] | components["schemas"]["NormalizedTimeout"] | components["schemas"]["NormalizedCancelled"] | components["schemas"]["NormalizedInternalError"];
        NormalizedSuccess: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "success";
            summary: string;
        };
        NormalizedProviderFailure: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "provider_failure";
            reason: string;
        };
        NormalizedTimeout: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "timeout";
        };
        NormalizedCancelled: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "cancelled";
        };
        NormalizedInternalError: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            kind: "internal_error";
            reason: string;
        };
        /** @description An object here, a string in the answer of `execute`. */
        ReceiptVerification: components["schemas"]["ReceiptVerified"] | components["schemas"]["ReceiptVerificationFailed"] | components["schemas"]["ReceiptUnverifiable"] | components["schemas"]["ReceiptProviderFailed"] | components["schemas"]["ReceiptVerificationSkipped"];
        ReceiptVerified: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            status: "verified";
            /**
             * @description Any JSON. Of http actions `http_status` and `host_corroborated`; of file actions `operation`, `path`, `before_hash`, `after_hash`, `bytes_before`,
             *     `bytes_after` and `host_corroborated`.
             */
            evidence: unknown;
        };
        ReceiptVerificationFailed: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            status: "verification_failed";
            reason: string;
        };
        ReceiptUnverifiable: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            status: "unverifiable_declared";
        };
        ReceiptProviderFailed: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            status: "provider_failed_before_verification";
        };
        ReceiptVerificationSkipped: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            status: "skipped";
        };
        Receipt: {
            receipt_id: components["schemas"]["GateUuid"];
            grant_id: components["schemas"]["GateUuid"];
            provider_module_digest: components["schemas"]["ProviderModuleDigest"];
            /** @description The provider's raw output, any JSON; the same as `output` of the answer to `execute`. */
            provider_receipt: unknown;
            normalized_result: components["schemas"]["NormalizedResult"];
            verification_outcome: components["schemas"]["ReceiptVerification"];
            /** @description Always empty in 0.2.0. */
            effect_evidence: unknown[];
            /** @description SHA-256 over ten members in canonical form, hex, without `sha256:` in front. */
            result_hash: string;
            /** @description Ed25519 over the 64 characters of `result_hash`, hex. Missing where the gate does not sign. */
            receipt_signature?: string;
            /** @description The first 16 hex digits of the public key. Missing where the gate does not sign. */
            signing_key_id?: string;
            started_at: components["schemas"]["Timestamp"];
            finished_at: components["schemas"]["Timestamp"];
            /** @description Null unless something failed; of the others 0.2.0 produces `verification_failed` alone. */
            failure_class: ("provider_error" | "timeout" | "policy_violation" | "verification_failed" | "cancelled" | "internal_error") | null;
            /** @description The gate's own opinion, added when the receipt is read. It covers the stored hash only. Known: valid, invalid, missing_signature, missing_key_id, unknown_key_id, malformed_signature. */
            signature_status: string;
        };
        /** @description `invalid_request`: the key, no scope at all, or a malformed one. `invalid_fs_root`: empty, relative, missing, or no directory. */
        LeaseBadRequestError: {
            /** @description Known: invalid_request, invalid_fs_root. */
            error: string;
            message: string;
        };
        LeaseUnauthorizedError: {
            /** @description Known: identity_unauthenticated. */
            error: string;
        };
        /** @description `message` comes with `fs_root_denied`. */
        LeaseForbiddenError: {
            /** @description Known: identity_forbidden, scope_not_permitted, fs_root_denied. */
            error: string;
            message?: string;
        };
        LeaseTooManyRequestsError: {
            /** @description Known: rate_limit_exceeded. */
            error: string;
        };
        LeaseInternalError: {
            /** @description Known: internal_error. */
            error: string;
        };
        LeaseUnavailableError: {
            /** @description Known: draining, identity_provider_unavailable, clock_error, budget_store_unavailable. */
            error: string;
        };
        /** @description `deny_reason` comes with `invalid_dpop`: a text for people, which may quote claims. */
        ExecuteUnauthorizedError: {
            /** @description Known: missing_auth_header, invalid_lease, lease_expired, invalid_dpop, replay_detected. */
            error: string;
            deny_reason?: string;
        };
        /** @description The members beside `error` come with `policy_denied`, all four of them. */
        ExecuteForbiddenError: {
            /** @description Known: policy_denied, budget_exhausted, budget_session_not_found, action_not_registered, action_digest_mismatch. */
            error: string;
            deny_reason?: string;
            principal?: string;
            action_id?: components["schemas"]["ActionName"];
            remediation?: string;
        };
        ExecuteNotFoundError: {
            /** @description Known: action_not_found. */
            error: string;
        };
        ExecuteConflictError: {
            /** @description Known: grant_consumed. */
            error: string;
        };
        ExecuteUnprocessableError: {
            /** @description Known: schema_violation. */
            error: string;
        };
        ExecuteTooManyRequestsError: {
            /** @description Known: rate_limited. */
            error: string;
        };
        ExecuteInternalError: {
            /** @description Known: internal_error, evidence_persistence_failed. */
            error: string;
        };
        ExecuteBadGatewayError: {
            /** @description Known: action_execution_failed. */
            error: string;
        };
        ExecuteUnavailableError: {
            /** @description Known: draining, clock_error, replay_cache_unavailable, policy_engine_unavailable, policy_engine_timeout, policy_engine_invalid_response, store_unavailable, budget_store_unavailable. */
            error: string;
        };
        ReceiptNotFoundError: {
            /** @description Known: not_found. */
            error: string;
        };
        ReceiptInternalError: {
            /** @description Known: internal_error. */
            error: string;
        };
    };
    responses: {
        /** @description **Any** failure of api key or proof, and an unavailable replay store too: it may pass, or never. Nothing says which; `denyApproval` of an approval that does not exist would. */
        Unauthorized: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "unauthorized"
                 *     }
                 */
                "application/json": components["schemas"]["UnauthorizedError"];
            };
        };
        /**
         * @description What is wrong with api key or proof. `replay_detected` says that an earlier copy of the same proof was accepted. `invalid_dpop` names its reason: `iat too old …` and `iat
         *     too far in future …` show the gate's `now=` (a clock difference: sign again with the corrected clock), `htu mismatch: expected '…', got '…'` the base URL that the
         *     gate wants (a matter of configuration: a client must not sign for a URL that an answer told it). A wrong key is `key_binding_failed` until the right one was
         *     used once, and `invalid_dpop` "signature verification failed" afterwards.
         */
        DecisionUnauthorized: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["DecisionUnauthorizedError"];
            };
        };
        /** @description No such approval, or one that expired 300 s ago (SQLite) or at all (Redis); for approve also an action that is no longer registered. All say `action_not_found`. */
        NoSuchApproval: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "action_not_found"
                 *     }
                 */
                "application/json": components["schemas"]["ActionNotFoundError"];
            };
        };
        /**
         * @description More writes in a second than the gate takes (20 by default, of all operators together). The proof is used up. Not said by a gate with a relaxed posture. Read in the gate's
         *     source, never recorded.
         */
        DecisionThrottled: {
            headers: {
                Date: components["headers"]["Date"];
                /** @description Seconds to wait; the gate always says 2. */
                "Retry-After": number;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["OperatorThrottledError"];
            };
        };
        /**
         * @description More reads in a second than the gate takes (100 by default, of all operators together). There is **no** `Retry-After`; the bucket is refilled each second. The proof is used up. Read in
         *     the gate's source, never recorded.
         */
        ReadThrottled: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["RateLimitError"];
            };
        };
        /**
         * @description More writes in a second than the gate takes (20 by default, of all operators together). There is **no** `Retry-After`; the bucket is refilled each second. The proof is used up; nothing was
         *     written. Read in the gate's source, never recorded.
         */
        WriteThrottled: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["RateLimitError"];
            };
        };
        /** @description A query parameter is missing, twice there, no number or no known word. Said without any credentials. Empty and without a content type if the request was no HTTP. */
        InvalidQuery: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                /** @example Failed to deserialize query string: limit: invalid digit found in string */
                "text/plain": components["schemas"]["InvalidQueryText"];
            };
        };
        /** @description JSON: `action` is empty, too long, or has other characters. Text: it is missing where it is needed, or twice there. Empty and without a content type: the request was no HTTP. */
        InvalidActionFilter: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "invalid_action_id",
                 *       "detail": "action_id must be 1-253 characters"
                 *     }
                 */
                "application/json": components["schemas"]["InvalidActionIdError"];
                /** @example Failed to deserialize query string: missing field `action` */
                "text/plain": components["schemas"]["InvalidQueryText"];
            };
        };
        /** @description JSON: the action's id or the domain is not acceptable; `detail` is a sentence. Text: the body is not JSON, is empty, or broke off. Empty and without a content type: the request was no HTTP. */
        DomainRefused: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["InvalidDomainError"];
                "text/plain": components["schemas"]["BrokenBodyText"];
            };
        };
        /** @description JSON: the action's id or the glob is not acceptable; `detail` is a sentence. Text: the body is not JSON, is empty, or broke off. Empty and without a content type: the request was no HTTP. */
        PathRefused: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "invalid_action_id",
                 *       "detail": "action_id must contain only [a-zA-Z0-9_-]"
                 *     }
                 */
                "application/json": components["schemas"]["InvalidPathGlobError"];
                "text/plain": components["schemas"]["BrokenBodyText"];
            };
        };
        /** @description The content type is absent or neither `application/json` nor `application/*+json`. (Of `denyApproval`, an absent one is no error.) */
        NotJson: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                "text/plain": string;
            };
        };
        /** @description JSON of the wrong shape: a member of the wrong type, missing, or twice there. Said without any credentials. The text after the colon is not stable. Unknown members are ignored. */
        WrongShape: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                /** @example Failed to deserialize the JSON body into the target type: missing field `action_id` at line 1 column 24 */
                "text/plain": string;
            };
        };
        /** @description The ledger, or what is to be shown, could not be read. Read in the gate's source, never recorded. */
        Internal: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["InternalError"];
            };
        };
        /**
         * @description `ledger_error`: it could not be read or written; of an added path also that the action has 50 already. `serialization_error`: the answer could not be made. The gate's source has
         *     one skeleton for all of these operations; it is assumed that each can give both, and that a write may have happened. Never recorded.
         */
        LedgerFailed: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["LedgerError"];
            };
        };
        /** @description The policy's `data.json` is missing, unreadable, or no JSON. Read in the gate's source, never recorded. */
        PolicyUnreadable: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["PolicyReadError"];
            };
        };
        /** @description `policy_write_error`: `data.json` could not be read, changed or written, or not be put into effect; **it may have been written**. Read in the gate's source, never recorded. */
        PolicyUnwritable: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["PolicyWriteError"];
            };
        };
        /** @description The list is as asked. */
        AllowlistChanged: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "action_id": "probe_critical",
                 *       "agent_id": "agent:recorder",
                 *       "ok": true
                 *     }
                 */
                "application/json": components["schemas"]["AllowlistResult"];
            };
        };
        /** @description JSON: a member is not 1 to 128 of `[A-Za-z0-9_:-]`. Text: the body is not JSON, is empty, or broke off. Empty and without a content type: the request was no HTTP. Never recorded. */
        InvalidAllowlistEntry: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["InvalidInputError"];
                "text/plain": components["schemas"]["BrokenBodyText"];
            };
        };
        /** @description The request was no HTTP. Empty body; the connection closes. Framework behaviour, never recorded. */
        MalformedHttp: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description A path parameter's percent-decoding is not UTF-8. Empty and without a content type if the request was no HTTP. */
        InvalidPath: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                /** @example Invalid URL: Invalid UTF-8 in `action_id` */
                "text/plain": string;
            };
        };
        /** @description No such action. Empty body. */
        NoSuchAction: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content?: never;
        };
        /**
         * @description The body exceeds 1,048,576 bytes. It is said while the body is still being sent, before rate limit and credentials are looked at, and
         *     the connection may then be reset.
         */
        BodyTooLarge: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                /** @example Failed to buffer the request body: length limit exceeded */
                "text/plain": string;
            };
        };
        /** @description The request target exceeds 65,534 bytes. Empty body; the connection closes. Framework behaviour, never recorded. */
        UriTooLong: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description More than 100 headers, or some 417 kB of them. Empty body; the connection closes. Framework behaviour, never recorded. */
        HeadTooLarge: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content?: never;
        };
        /**
         * @description The lease or the proof was refused; nothing ran on behalf of *this* copy. `replay_detected` says that an earlier copy of the same proof was
         *     accepted, and it may have run. `invalid_dpop` names its reason: `iat too old …` and `iat too far in future …` show the gate's `now=` (a clock
         *     difference: sign again with the corrected clock), `htu mismatch: expected '…', got '…'` the base URL that the gate wants (a matter of
         *     configuration: a client must not sign for a URL that an answer told it).
         */
        ExecuteUnauthorized: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ExecuteUnauthorizedError"];
            };
        };
        /**
         * @description Refused before anything ran. A budget that is used up is usually `policy_denied` with `deny_reason` `budget exhausted: no calls remaining`;
         *     `budget_exhausted` is said only to a call that loses the race for the last unit. `remediation` is the same sentence whatever the reason.
         *     `action_not_registered` and `action_digest_mismatch` come only while the registry is being reloaded.
         */
        ExecuteForbidden: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ExecuteForbiddenError"];
            };
        };
        /**
         * @description Either the parameters do not fit (not JSON, a limit, the action's schema): nothing ran. Or the provider's answer was refused, which is how every
         *     error of a provider shows, DNS and refused connections among them: **the action may have run**. Nothing tells which. There is no receipt.
         */
        ExecuteUnprocessable: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "schema_violation"
                 *     }
                 */
                "application/json": components["schemas"]["ExecuteUnprocessableError"];
            };
        };
        /**
         * @description `evidence_persistence_failed`: the action **has run**, its receipt or audit event could not be stored. `internal_error`: practically before the
         *     action, but formally not known.
         */
        ExecuteInternalError: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "internal_error"
                 *     }
                 */
                "application/json": components["schemas"]["ExecuteInternalError"];
            };
        };
        /**
         * @description The provider was stopped (time, fuel, memory) or its answer was no JSON: usually **after** the effect, sometimes before it; the budget is
         *     charged. Measured, not recorded.
         */
        ExecuteBadGateway: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ExecuteBadGatewayError"];
            };
        };
        /**
         * @description Nothing ran. All but `draining` pass; a draining gate takes no call again. `draining` comes before the lease is looked at, `clock_error` and
         *     `replay_cache_unavailable` come before the proof's `jti` is stored, the others after.
         */
        ExecuteUnavailable: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "draining"
                 *     }
                 */
                "application/json": components["schemas"]["ExecuteUnavailableError"];
            };
        };
        /** @description The receipt. */
        ReceiptFound: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "effect_evidence": [],
                 *       "failure_class": null,
                 *       "finished_at": "2026-11-24T02:53:00.731193647Z",
                 *       "grant_id": "01a20b78-917e-7960-a011-f69e1b9c96cc",
                 *       "normalized_result": {
                 *         "kind": "success",
                 *         "summary": "provider completed successfully"
                 *       },
                 *       "provider_module_digest": "builtin:http_api",
                 *       "provider_receipt": {
                 *         "data": {
                 *           "body": "{\"args\":{\"a\":\"1\"},\"data\":\"\",\"method\":\"GET\",\"headers\":{\"host\":\"httpbin.org\",\"user-agent\":\"latchgate/0.1\"},\"url\":\"http://httpbin.org/get?a=1\"}",
                 *           "headers": {
                 *             "connection": "keep-alive",
                 *             "content-length": "140",
                 *             "content-type": "application/json",
                 *             "date": "Tue, 24 Nov 2026 02:53:00 GMT",
                 *             "keep-alive": "timeout=5"
                 *           },
                 *           "status_code": 200,
                 *           "url": "http://httpbin.org/get?a=1"
                 *         },
                 *         "ok": true
                 *       },
                 *       "receipt_id": "01a20b78-91bb-7372-9c4b-ff2601705659",
                 *       "receipt_signature": "93a18975bc55d13b488839f6faf967cab53589df3115b59eea8cb7caa83645264eac6a1266bce147ac29763fd911985dbc4e67540a063f5e06dfdb2565c5e307",
                 *       "result_hash": "50d934dbfe58c0a788af294cc321e4292ee12713c59d124c9af211822cb93f4d",
                 *       "signature_status": "valid",
                 *       "signing_key_id": "c54083bd050a7e7b",
                 *       "started_at": "2026-11-24T02:53:00.671284317Z",
                 *       "verification_outcome": {
                 *         "evidence": {
                 *           "host_corroborated": true,
                 *           "http_status": 200
                 *         },
                 *         "status": "verified"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["Receipt"];
            };
        };
        /** @description No such receipt; a malformed id is answered alike. */
        ReceiptNotFound: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                /**
                 * @example {
                 *       "error": "not_found"
                 *     }
                 */
                "application/json": components["schemas"]["ReceiptNotFoundError"];
            };
        };
        /** @description The ledger could not be read. Read in the gate's source, never recorded. */
        ReceiptUnreadable: {
            headers: {
                Date: components["headers"]["Date"];
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["ReceiptInternalError"];
            };
        };
    };
    parameters: {
        /**
         * @description An agent's name, 1 to 253 bytes (characters here), `agent:my-bot` or `*` for instance. The gate takes any; the pattern keeps out what would leave the path segment or be another path.
         *     Where it has to be percent-encoded, the proof's `htu` has the decoded text.
         * @example agent:recorder
         */
        Principal: string;
        /**
         * @description The action's id. Another string is answered with 404.
         * @example http_fetch
         */
        ActionId: string;
        /**
         * @description The approval's id. The gate makes a UUIDv7, yet takes any string; the pattern keeps `.` and `..` out of the path.
         * @example 01a20e5a-7846-74c3-b4dc-a95c7ba45380
         */
        ApprovalId: string;
        /**
         * @description The receipt's id. The gate makes a UUIDv7, yet takes any string; the pattern keeps `.` and `..` out of the path.
         * @example 01a20b78-91bb-7372-9c4b-ff2601705659
         */
        ReceiptId: string;
    };
    requestBodies: never;
    headers: {
        /**
         * @description The gate's clock, to the second.
         * @example Tue, 24 Nov 2026 02:53:18 GMT
         */
        Date: string;
        /**
         * @description Seconds to wait; the gate always says 1.
         * @example 1
         */
        RetryAfter: number;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getReceiptAsOperator: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The receipt's id. The gate makes a UUIDv7, yet takes any string; the pattern keeps `.` and `..` out of the path.
                 * @example 01a20b78-91bb-7372-9c4b-ff2601705659
                 */
                receipt_id: components["parameters"]["ReceiptId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["ReceiptFound"];
            400: components["responses"]["InvalidPath"];
            401: components["responses"]["Unauthorized"];
            404: components["responses"]["ReceiptNotFound"];
            414: components["responses"]["UriTooLong"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["ReceiptUnreadable"];
        };
    };
    listReceiptKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "added_at": "2026-11-24T00:30:59.270Z",
                     *           "alg": "EdDSA",
                     *           "crv": "Ed25519",
                     *           "kid": "c54083bd050a7e7b",
                     *           "kty": "OKP",
                     *           "use": "sig",
                     *           "x_hex": "c54083bd050a7e7be91523b9bf1870a7eaedcc83f7c53806aa1373cf3d8540f8"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ReceiptKeySet"];
                };
            };
            400: components["responses"]["MalformedHttp"];
            401: components["responses"]["Unauthorized"];
            414: components["responses"]["UriTooLong"];
            429: components["responses"]["ReadThrottled"];
            431: components["responses"]["HeadTooLarge"];
        };
    };
    listApprovals: {
        parameters: {
            query?: {
                /** @description Only approvals in this state, as it is stored. Another word, or an empty one, is 400. */
                status?: components["schemas"]["ApprovalState"];
                /** @description At most so many; 50 if left out. More than 200 is taken for 200, and 0 gives an empty list. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The approvals. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "approvals": [
                     *         {
                     *           "approval_id": "01a20b78-a2b1-7281-84c7-8cc9e813c48f",
                     *           "status": "pending",
                     *           "action_id": "http_fetch",
                     *           "action_version": "1.0.0",
                     *           "principal": "agent:recorder",
                     *           "session_id": "01a20b78-a2aa-72c1-9553-5f979c8d5070",
                     *           "owner": "recorder@example.com",
                     *           "risk_level": "low",
                     *           "request_hash": "sha256:88a67cd3e838966319be10c0c80bbeaf745a51449ae28ba53cee7a48aae542df",
                     *           "created_at": "2026-11-24T02:53:05.073709097+00:00",
                     *           "expires_at": "2026-11-24T02:58:05.073519588+00:00"
                     *         },
                     *         {
                     *           "approval_id": "01a20b78-9797-7db0-a7bd-aeb0231d19fc",
                     *           "status": "pending",
                     *           "action_id": "http_fetch",
                     *           "action_version": "1.0.0",
                     *           "principal": "agent:recorder",
                     *           "session_id": "01a20b78-9109-77a1-be39-5571fe431537",
                     *           "owner": "recorder@example.com",
                     *           "risk_level": "low",
                     *           "request_hash": "sha256:42fecd7b245e8f20622958816eb0921d7a370e3ea469a0651fee5c132a71ab79",
                     *           "created_at": "2026-11-24T02:53:02.231972918+00:00",
                     *           "expires_at": "2026-11-24T02:58:02.231764799+00:00"
                     *         }
                     *       ],
                     *       "count": 2
                     *     }
                     */
                    "application/json": components["schemas"]["ApprovalList"];
                };
            };
            400: components["responses"]["InvalidQuery"];
            401: components["responses"]["Unauthorized"];
            414: components["responses"]["UriTooLong"];
            429: components["responses"]["ReadThrottled"];
            431: components["responses"]["HeadTooLarge"];
            /** @description The approval store failed, or holds a damaged record. Read in the gate's source, never recorded. */
            503: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalStoreError"];
                };
            };
        };
    };
    getApproval: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The approval's id. The gate makes a UUIDv7, yet takes any string; the pattern keeps `.` and `..` out of the path.
                 * @example 01a20e5a-7846-74c3-b4dc-a95c7ba45380
                 */
                approval_id: components["parameters"]["ApprovalId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The approval. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalDetail"];
                };
            };
            400: components["responses"]["InvalidPath"];
            /** @description Any failure of api key or proof, and an unavailable replay store. Empty body. Read in the gate's source, never recorded. */
            401: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such approval (or, with Redis, an expired one). Empty body. Read in the gate's source, never recorded. */
            404: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            414: components["responses"]["UriTooLong"];
            /** @description More reads in a second than the gate takes (100 by default, of all operators together). Empty body, no `Retry-After`. Never recorded. */
            429: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            431: components["responses"]["HeadTooLarge"];
            /** @description The record can't be shown. Empty body. Read in the gate's source, never recorded. */
            500: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The approval store failed and the ledger knows no outcome. Empty body. Read in the gate's source, never recorded. */
            503: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    approveApproval: {
        parameters: {
            query?: {
                /** @description The domain to learn instead of the first unresolved one, which then stays closed: the action may fail for it. Checked before the claim. */
                learn_domain?: components["schemas"]["DomainToLearn"];
                /**
                 * @description The glob to learn instead of the first unresolved path. An absolute one is made relative to the session's root, and refused without one. Checked after the
                 *     claim: a refused one leaves the approval claimed for 120 s.
                 */
                learn_path?: string;
            };
            header?: never;
            path: {
                /**
                 * @description The approval's id. The gate makes a UUIDv7, yet takes any string; the pattern keeps `.` and `..` out of the path.
                 * @example 01a20e5a-7846-74c3-b4dc-a95c7ba45380
                 */
                approval_id: components["parameters"]["ApprovalId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /**
             * @description By `decision`: `executed`, the action ran just now; `already_…`, it had ended before and nothing ran for this request. The latter comes from the approval
             *     store, or, where that has lost it, from the ledger, with `source` and with `state` for `status`.
             */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApproveResult"];
                };
            };
            /**
             * @description JSON: `learn_domain` is not acceptable (nothing was claimed), or the path, given or found in the request, is not (**the claim stays for 120 s**). Nothing ran.
             *     Text: a query parameter came twice, or the approval id is not UTF-8. Empty and without a content type: the request was no HTTP.
             */
            400: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "bad_request",
                     *       "deny_reason": "learn_path '/srv/fsw/ws/docs/abs.md' is absolute but no session fs_root is configured"
                     *     }
                     */
                    "application/json": components["schemas"]["ApproveBadRequestError"];
                    "text/plain": string;
                };
            };
            401: components["responses"]["DecisionUnauthorized"];
            /**
             * @description Refused after the claim and before anything ran; the approval is `failed` now. `policy_denied`: a secret of the action can't be resolved. The budget words are those of
             *     the session that asked. `action_not_registered` and `action_digest_mismatch`: the registry has changed since it was held.
             */
            403: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "policy_denied",
                     *       "deny_reason": "required secrets [\"API_BEARER_TOKEN\"] cannot be resolved: sops_secrets_file not configured",
                     *       "principal": "agent:recorder",
                     *       "action_id": "http_sensitive_read",
                     *       "remediation": "Run: latchgate policy grant agent:recorder http_sensitive_read"
                     *     }
                     */
                    "application/json": components["schemas"]["ExecuteForbiddenError"];
                };
            };
            404: components["responses"]["NoSuchApproval"];
            /**
             * @description `conflict`: another approve or deny has claimed it within the last 120 s, or the ledger knows an outcome that the store does not. **The action may be running, or have run.**
             *     `grant_consumed` is not expected, and was never recorded.
             */
            409: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "conflict"
                     *     }
                     */
                    "application/json": components["schemas"]["ApproveConflictError"];
                };
            };
            414: components["responses"]["UriTooLong"];
            /**
             * @description The provider's answer was refused, which is how every error of a provider shows: **the action may have run**. Measured; the audit event says
             *     "response schema violation: …".
             */
            422: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExecuteUnprocessableError"];
                };
            };
            429: components["responses"]["DecisionThrottled"];
            431: components["responses"]["HeadTooLarge"];
            /**
             * @description `evidence_persistence_failed`: it **has run**, without evidence. `internal_error` is many things, most of them before the action (an expired or changed plan) and one
             *     after it: the check of a high-risk action failed. The approval is `failed`; poll, detail (`error_code`) and the audit event say why.
             */
            500: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "internal_error"
                     *     }
                     */
                    "application/json": components["schemas"]["ExecuteInternalError"];
                };
            };
            /** @description The provider was stopped or gave no JSON, before or after the effect. Measured, not recorded. */
            502: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExecuteBadGatewayError"];
                };
            };
            /**
             * @description Nothing ran. `replay_cache_unavailable` and `draining` come before the claim (a draining gate approves nothing again); `store_unavailable` and
             *     `budget_store_unavailable` may come after it, and the approval is `failed` then. Read in the gate's source, never recorded.
             */
            503: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApproveUnavailableError"];
                };
            };
        };
    };
    denyApproval: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The approval's id. The gate makes a UUIDv7, yet takes any string; the pattern keeps `.` and `..` out of the path.
                 * @example 01a20e5a-7846-74c3-b4dc-a95c7ba45380
                 */
                approval_id: components["parameters"]["ApprovalId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "not today"
                 *     }
                 */
                "application/json": components["schemas"]["DenyRequest"];
            };
        };
        responses: {
            /** @description By `decision`: `deny`, it is denied now; `already_…`, it had ended before and this request changed nothing, from the store or (with `source`) from the ledger. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DenyResult"];
                };
            };
            /**
             * @description The body is not JSON, or is empty although it has a content type, or broke off; or the approval id is not UTF-8. Empty and without a content type: the request
             *     was no HTTP. Read in the framework's source, never recorded.
             */
            400: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            401: components["responses"]["DecisionUnauthorized"];
            404: components["responses"]["NoSuchApproval"];
            /** @description Another approve or deny has claimed it within the last 120 s, or the ledger knows an outcome that the store does not. This request denied nothing. */
            409: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "conflict"
                     *     }
                     */
                    "application/json": components["schemas"]["DenyConflictError"];
                };
            };
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            415: components["responses"]["NotJson"];
            422: components["responses"]["WrongShape"];
            429: components["responses"]["DecisionThrottled"];
            431: components["responses"]["HeadTooLarge"];
            /** @description Corrupted data, or the like; the deny may be recorded. Read in the gate's source, never recorded. */
            500: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InternalError"];
                };
            };
            /**
             * @description `replay_cache_unavailable`: nothing was done. `store_unavailable`: the approval store is down; it is assumed that the deny may be recorded all the same. Read in
             *     the gate's source, never recorded.
             */
            503: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DenyUnavailableError"];
                };
            };
        };
    };
    listAuditEvents: {
        parameters: {
            query?: {
                /** @description The event with this id. */
                trace_id?: string;
                /** @description Events of this kind. */
                event_type?: components["schemas"]["AuditEventType"];
                /** @description Events of this action. */
                action_id?: string;
                /** @description Events of this agent, or of this operator. */
                principal?: string;
                /** @description Events of this session; of admin events, of this operator. */
                session_id?: string;
                /** @description Events that were decided so. */
                decision?: components["schemas"]["AuditDecision"];
                /** @description Events later than this. */
                after?: components["schemas"]["MillisecondTime"];
                /** @description Events earlier than this. */
                before?: components["schemas"]["MillisecondTime"];
                /** @description At most so many; 100 if left out. 0 is taken for 1, more than 1000 for 1000. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The events. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "events": [
                     *         {
                     *           "action_digest": "builtin:fs",
                     *           "action_id": "fs_read",
                     *           "action_trust_verdict": "digest_ok",
                     *           "action_version": "1.0.0",
                     *           "allowed_sinks": [],
                     *           "budgets_after": {
                     *             "calls_remaining": 9223372036854776000
                     *           },
                     *           "budgets_before": {
                     *             "calls_remaining": 9223372036854776000
                     *           },
                     *           "decision": "allow",
                     *           "deny_reason": null,
                     *           "dev_mode": true,
                     *           "event_type": "action_call",
                     *           "grant_id": "01a20b78-912e-7822-b5a8-15dac0991967",
                     *           "lease_jti": "01a20b78-9109-77a1-be39-558bf9076c9c",
                     *           "owner": "recorder@example.com",
                     *           "policy_version": "quickstart-init",
                     *           "prev_hash": "sha256:e8338437128b5e62ad9884caf1821a94a786e0790baa34b13c0c0065d1d04db5",
                     *           "principal": "agent:recorder",
                     *           "receipt_id": "01a20b78-9135-73d1-b60a-96ca386fced1",
                     *           "request_hash": "sha256:c632350e35d40344e5cd36afe9ac6ae473fe76209a1354fc055d0ef7a9a61b34",
                     *           "request_schema_id": "fs_read:request",
                     *           "response_bytes": 171,
                     *           "response_hash": "sha256:402ae82ebb90b2cf8f5cfb7561f54f75d7ca03ef79a12348cdc3741b948dddb8",
                     *           "risk_level": "low",
                     *           "runtime": {
                     *             "duration_ms": 1,
                     *             "egress_profile": "none",
                     *             "exit_code": 0,
                     *             "fuel_consumed": 19480,
                     *             "io_calls_made": 1,
                     *             "module_digest": "builtin:fs",
                     *             "timeout_hit": false
                     *           },
                     *           "sandbox_degraded": false,
                     *           "session_id": "01a20b78-9109-77a1-be39-5571fe431537",
                     *           "timestamp": "2026-11-24T02:53:00.597Z",
                     *           "trace_id": "01a20b78-9118-7680-ab59-605bb69a8aa6",
                     *           "verification_outcome": "verified"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["AuditEventList"];
                };
            };
            400: components["responses"]["InvalidQuery"];
            401: components["responses"]["Unauthorized"];
            414: components["responses"]["UriTooLong"];
            429: components["responses"]["ReadThrottled"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["Internal"];
        };
    };
    verifyAudit: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the gate found. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "broken_at": null,
                     *       "intact": true,
                     *       "total_events": 116,
                     *       "verified_links": 116
                     *     }
                     */
                    "application/json": components["schemas"]["AuditVerification"];
                };
            };
            400: components["responses"]["MalformedHttp"];
            401: components["responses"]["Unauthorized"];
            414: components["responses"]["UriTooLong"];
            429: components["responses"]["ReadThrottled"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["Internal"];
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The metrics. The whole content type is `application/openmetrics-text; version=1.0.0; charset=utf-8`. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example # HELP latchgate_calls_total Total action calls.
                     *     # TYPE latchgate_calls_total counter
                     *     latchgate_calls_total_total{action="fs_read",decision="allow"} 1
                     *     # EOF
                     */
                    "application/openmetrics-text": components["schemas"]["OpenMetrics"];
                };
            };
            400: components["responses"]["MalformedHttp"];
            401: components["responses"]["Unauthorized"];
            414: components["responses"]["UriTooLong"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["Internal"];
        };
    };
    getStatus: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The status. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "actions_registered": 87,
                     *       "dependencies": {
                     *         "opa": true,
                     *         "redis": true
                     *       },
                     *       "draining": false,
                     *       "in_flight_executions": 0,
                     *       "pending_approvals": 5,
                     *       "revocation_epoch": 0,
                     *       "status": "ok",
                     *       "uptime_seconds": 21,
                     *       "version": "0.2.0",
                     *       "webhooks": {
                     *         "active": false,
                     *         "pending_deliveries": 0
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["GateStatus"];
                };
            };
            400: components["responses"]["MalformedHttp"];
            401: components["responses"]["Unauthorized"];
            414: components["responses"]["UriTooLong"];
            429: components["responses"]["ReadThrottled"];
            431: components["responses"]["HeadTooLarge"];
        };
    };
    getEpoch: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The epoch. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "current_epoch": 0
                     *     }
                     */
                    "application/json": components["schemas"]["Epoch"];
                };
            };
            400: components["responses"]["MalformedHttp"];
            401: components["responses"]["Unauthorized"];
            414: components["responses"]["UriTooLong"];
            429: components["responses"]["ReadThrottled"];
            431: components["responses"]["HeadTooLarge"];
        };
    };
    revokeAll: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The epoch before and after. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "current_epoch": 1,
                     *       "previous_epoch": 0
                     *     }
                     */
                    "application/json": components["schemas"]["Revocation"];
                };
            };
            400: components["responses"]["MalformedHttp"];
            401: components["responses"]["Unauthorized"];
            414: components["responses"]["UriTooLong"];
            429: components["responses"]["WriteThrottled"];
            431: components["responses"]["HeadTooLarge"];
        };
    };
    drain: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The gate drains. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "already_draining": false,
                     *       "draining": true,
                     *       "in_flight_executions": 0
                     *     }
                     */
                    "application/json": components["schemas"]["GateDraining"];
                };
            };
            400: components["responses"]["MalformedHttp"];
            401: components["responses"]["Unauthorized"];
            414: components["responses"]["UriTooLong"];
            429: components["responses"]["WriteThrottled"];
            431: components["responses"]["HeadTooLarge"];
        };
    };
    reload: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The manifests were read. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "actions": 99,
                     *       "ok": true,
                     *       "policy_version": "recorder",
                     *       "reloaded_at": "2026-11-28T09:01:29.215833603+00:00"
                     *     }
                     */
                    "application/json": components["schemas"]["GateReloaded"];
                };
            };
            400: components["responses"]["MalformedHttp"];
            401: components["responses"]["Unauthorized"];
            414: components["responses"]["UriTooLong"];
            429: components["responses"]["WriteThrottled"];
            431: components["responses"]["HeadTooLarge"];
            /** @description A manifest can't be used; the old registry stays. Read in the gate's source, never recorded. */
            500: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GateReloadError"];
                };
            };
        };
    };
    listDomains: {
        parameters: {
            query?: {
                /** @description Only those of this action, which need not exist. An empty one is 400. */
                action?: components["schemas"]["LearnedActionId"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The domains. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "domains": [
                     *         {
                     *           "action_id": "http_fetch",
                     *           "added_at": "2026-11-24T02:53:10.439013422+00:00",
                     *           "added_by": "default",
                     *           "approval_id": "01a20b78-b79c-7081-b148-3b99d1feefc7",
                     *           "domain": "www.example.org",
                     *           "source": "approval"
                     *         },
                     *         {
                     *           "action_id": "http_fetch",
                     *           "added_at": "2026-11-24T02:53:12.731257045+00:00",
                     *           "added_by": "default",
                     *           "approval_id": null,
                     *           "domain": "api.example.com",
                     *           "source": "api"
                     *         },
                     *         {
                     *           "action_id": "http_fetch",
                     *           "added_at": "2026-11-24T02:53:12.738175007+00:00",
                     *           "added_by": "default",
                     *           "approval_id": null,
                     *           "domain": "b.example.com",
                     *           "source": "api"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["LearnedDomainList"];
                };
            };
            400: components["responses"]["InvalidActionFilter"];
            401: components["responses"]["Unauthorized"];
            414: components["responses"]["UriTooLong"];
            429: components["responses"]["ReadThrottled"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["LedgerFailed"];
        };
    };
    addDomain: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "action_id": "http_fetch",
                 *       "domain": "api.example.com"
                 *     }
                 */
                "application/json": components["schemas"]["DomainRequest"];
            };
        };
        responses: {
            /** @description It is learned; `inserted` says whether it is new. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "action_id": "http_fetch",
                     *       "domain": "api.example.com",
                     *       "inserted": false
                     *     }
                     */
                    "application/json": components["schemas"]["DomainAdded"];
                };
            };
            400: components["responses"]["DomainRefused"];
            401: components["responses"]["Unauthorized"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            415: components["responses"]["NotJson"];
            422: components["responses"]["WrongShape"];
            429: components["responses"]["WriteThrottled"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["LedgerFailed"];
        };
    };
    removeDomain: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "action_id": "http_fetch",
                 *       "domain": "api.example.com"
                 *     }
                 */
                "application/json": components["schemas"]["DomainRequest"];
            };
        };
        responses: {
            /** @description It is not learned; `deleted` says whether it was. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "action_id": "http_fetch",
                     *       "deleted": true,
                     *       "domain": "api.example.com"
                     *     }
                     */
                    "application/json": components["schemas"]["DomainRemoved"];
                };
            };
            400: components["responses"]["DomainRefused"];
            401: components["responses"]["Unauthorized"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            415: components["responses"]["NotJson"];
            422: components["responses"]["WrongShape"];
            429: components["responses"]["WriteThrottled"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["LedgerFailed"];
        };
    };
    clearDomains: {
        parameters: {
            query: {
                /** @description The action, which need not exist. Without it the answer is 400 text. */
                action: components["schemas"]["LearnedActionId"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description They are forgotten. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "action_id": "http_fetch",
                     *       "deleted_count": 2
                     *     }
                     */
                    "application/json": components["schemas"]["LearnedCleared"];
                };
            };
            400: components["responses"]["InvalidActionFilter"];
            401: components["responses"]["Unauthorized"];
            414: components["responses"]["UriTooLong"];
            429: components["responses"]["WriteThrottled"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["LedgerFailed"];
        };
    };
    listPaths: {
        parameters: {
            query?: {
                /** @description Only those of this action, which need not exist. An empty one is 400. */
                action?: components["schemas"]["LearnedActionId"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The paths. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "paths": [
                     *         {
                     *           "action_id": "http_fetch",
                     *           "added_at": "2026-11-24T02:53:13.868182759+00:00",
                     *           "added_by": "default",
                     *           "approval_id": null,
                     *           "path_glob": "notes/**",
                     *           "source": "api"
                     *         },
                     *         {
                     *           "action_id": "http_fetch",
                     *           "added_at": "2026-11-24T02:53:13.875405356+00:00",
                     *           "added_by": "default",
                     *           "approval_id": null,
                     *           "path_glob": "more/*",
                     *           "source": "api"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["LearnedPathList"];
                };
            };
            400: components["responses"]["InvalidActionFilter"];
            401: components["responses"]["Unauthorized"];
            414: components["responses"]["UriTooLong"];
            429: components["responses"]["ReadThrottled"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["LedgerFailed"];
        };
    };
    addPath: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "action_id": "http_fetch",
                 *       "path_glob": "notes/**"
                 *     }
                 */
                "application/json": components["schemas"]["PathRequest"];
            };
        };
        responses: {
            /** @description It is learned; `inserted` says whether it is new. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "action_id": "http_fetch",
                     *       "inserted": false,
                     *       "path_glob": "notes/**"
                     *     }
                     */
                    "application/json": components["schemas"]["PathAdded"];
                };
            };
            400: components["responses"]["PathRefused"];
            401: components["responses"]["Unauthorized"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            415: components["responses"]["NotJson"];
            422: components["responses"]["WrongShape"];
            429: components["responses"]["WriteThrottled"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["LedgerFailed"];
        };
    };
    removePath: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "action_id": "http_fetch",
                 *       "path_glob": "notes/**"
                 *     }
                 */
                "application/json": components["schemas"]["PathRequest"];
            };
        };
        responses: {
            /** @description It is not learned; `deleted` says whether it was. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "action_id": "http_fetch",
                     *       "deleted": true,
                     *       "path_glob": "notes/**"
                     *     }
                     */
                    "application/json": components["schemas"]["PathRemoved"];
                };
            };
            400: components["responses"]["PathRefused"];
            401: components["responses"]["Unauthorized"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            415: components["responses"]["NotJson"];
            422: components["responses"]["WrongShape"];
            429: components["responses"]["WriteThrottled"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["LedgerFailed"];
        };
    };
    clearPaths: {
        parameters: {
            query: {
                /** @description The action, which need not exist. Without it the answer is 400 text. */
                action: components["schemas"]["LearnedActionId"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description They are forgotten. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "action_id": "http_fetch",
                     *       "deleted_count": 1
                     *     }
                     */
                    "application/json": components["schemas"]["LearnedCleared"];
                };
            };
            400: components["responses"]["InvalidActionFilter"];
            401: components["responses"]["Unauthorized"];
            414: components["responses"]["UriTooLong"];
            429: components["responses"]["WriteThrottled"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["LedgerFailed"];
        };
    };
    getPolicy: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The policy data. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "policy_version": "quickstart-init-3",
                     *       "acl": {
                     *         "agent:recorder": {
                     *           "allowed_actions": [
                     *             "fs_delete",
                     *             "fs_read",
                     *             "fs_write",
                     *             "http_delete",
                     *             "http_fetch",
                     *             "http_post",
                     *             "http_sensitive_read"
                     *           ],
                     *           "allowed_sinks": [
                     *             "fs_delete",
                     *             "fs_read",
                     *             "fs_write",
                     *             "http_read",
                     *             "http_write"
                     *           ]
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["Policy"];
                };
            };
            400: components["responses"]["MalformedHttp"];
            401: components["responses"]["Unauthorized"];
            414: components["responses"]["UriTooLong"];
            429: components["responses"]["ReadThrottled"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["PolicyUnreadable"];
        };
    };
    getPrincipalPolicy: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description An agent's name, 1 to 253 bytes (characters here), `agent:my-bot` or `*` for instance. The gate takes any; the pattern keeps out what would leave the path segment or be another path.
                 *     Where it has to be percent-encoded, the proof's `htu` has the decoded text.
                 * @example agent:recorder
                 */
                principal: components["parameters"]["Principal"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The principal's entry. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "acl": {
                     *         "allowed_actions": [
                     *           "fs_delete",
                     *           "fs_read",
                     *           "fs_write",
                     *           "http_delete",
                     *           "http_fetch",
                     *           "http_post",
                     *           "http_sensitive_read"
                     *         ],
                     *         "allowed_sinks": [
                     *           "fs_delete",
                     *           "fs_read",
                     *           "fs_write",
                     *           "http_read",
                     *           "http_write"
                     *         ]
                     *       },
                     *       "principal": "agent:recorder"
                     *     }
                     */
                    "application/json": components["schemas"]["PrincipalPolicy"];
                };
            };
            /** @description JSON: the principal is longer than 253 bytes. Text: it is not UTF-8. Empty and without a content type: the request was no HTTP. Never recorded. */
            400: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InvalidPrincipalError"];
                    "text/plain": string;
                };
            };
            401: components["responses"]["Unauthorized"];
            /** @description The policy has no entry of this principal. Read in the gate's source, never recorded. */
            404: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PrincipalNotFoundError"];
                };
            };
            414: components["responses"]["UriTooLong"];
            429: components["responses"]["ReadThrottled"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["PolicyUnreadable"];
        };
    };
    grantActions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "principal": "agent:recorder",
                 *       "actions": [
                 *         "http_sensitive_read"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["GrantRequest"];
            };
        };
        responses: {
            /** @description Granted. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "allowed_sinks": [
                     *         "fs_delete",
                     *         "fs_read",
                     *         "fs_write",
                     *         "http_read",
                     *         "http_write"
                     *       ],
                     *       "granted": [
                     *         "http_sensitive_read"
                     *       ],
                     *       "principal": "agent:recorder",
                     *       "total_actions": 7
                     *     }
                     */
                    "application/json": components["schemas"]["GrantResult"];
                };
            };
            /**
             * @description JSON: a value is not acceptable; `unknown_action` names the first action that the gate does not know. Text: the body is not JSON, is empty, or broke off. Empty and without a content
             *     type: the request was no HTTP.
             */
            400: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GrantBadRequestError"];
                    "text/plain": components["schemas"]["BrokenBodyText"];
                };
            };
            401: components["responses"]["Unauthorized"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            415: components["responses"]["NotJson"];
            422: components["responses"]["WrongShape"];
            429: components["responses"]["WriteThrottled"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["PolicyUnwritable"];
        };
    };
    revokeActions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "principal": "agent:recorder",
                 *       "actions": [
                 *         "http_sensitive_read"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["GrantRequest"];
            };
        };
        responses: {
            /** @description Revoked. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevokeResult"];
                };
            };
            /** @description JSON: a value is not acceptable. Text: the body is not JSON, is empty, or broke off. Empty and without a content type: the request was no HTTP. Never recorded. */
            400: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RevokeBadRequestError"];
                    "text/plain": components["schemas"]["BrokenBodyText"];
                };
            };
            401: components["responses"]["Unauthorized"];
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            415: components["responses"]["NotJson"];
            422: components["responses"]["WrongShape"];
            429: components["responses"]["WriteThrottled"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["PolicyUnwritable"];
        };
    };
    allowAction: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "action_id": "probe_critical",
                 *       "agent_id": "agent:recorder"
                 *     }
                 */
                "application/json": components["schemas"]["AllowlistRequest"];
            };
        };
        responses: {
            200: components["responses"]["AllowlistChanged"];
            400: components["responses"]["InvalidAllowlistEntry"];
            401: components["responses"]["Unauthorized"];
            /** @description The gate has no such action. Read in the gate's source, never recorded. */
            404: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AllowlistActionNotFoundError"];
                };
            };
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            415: components["responses"]["NotJson"];
            422: components["responses"]["WrongShape"];
            429: components["responses"]["WriteThrottled"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["PolicyUnwritable"];
        };
    };
    disallowAction: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "action_id": "http_post",
                 *       "agent_id": "agent:recorder"
                 *     }
                 */
                "application/json": components["schemas"]["AllowlistRequest"];
            };
        };
        responses: {
            200: components["responses"]["AllowlistChanged"];
            400: components["responses"]["InvalidAllowlistEntry"];
            401: components["responses"]["Unauthorized"];
            /** @description The pair is not on the list. */
            404: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "allowlist_entry_not_found",
                     *       "detail": "no allowlist entry for action_id=http_post agent_id=agent:recorder"
                     *     }
                     */
                    "application/json": components["schemas"]["AllowlistEntryNotFoundError"];
                };
            };
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            415: components["responses"]["NotJson"];
            422: components["responses"]["WrongShape"];
            429: components["responses"]["WriteThrottled"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["PolicyUnwritable"];
        };
    };
    getHealth: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The process answers. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": components["schemas"]["Health"];
                };
            };
            400: components["responses"]["MalformedHttp"];
            414: components["responses"]["UriTooLong"];
            431: components["responses"]["HeadTooLarge"];
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The replay store, policy engine, ledger and approval store answer and at least one action is registered. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "status": "ready",
                     *       "redis": true,
                     *       "opa": true,
                     *       "ledger": true,
                     *       "approval_store": true,
                     *       "egress_proxy": null,
                     *       "actions_registered": 87
                     *     }
                     */
                    "application/json": components["schemas"]["ReadinessReady"];
                };
            };
            400: components["responses"]["MalformedHttp"];
            414: components["responses"]["UriTooLong"];
            431: components["responses"]["HeadTooLarge"];
            /** @description Something that the gate needs is missing; the members say what. Read in the gate's source, never recorded. */
            503: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReadinessNotReady"];
                };
            };
        };
    };
    createLease: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "scopes": [
                 *         "tools:call"
                 *       ],
                 *       "dpop_jwk": {
                 *         "kty": "EC",
                 *         "crv": "P-256",
                 *         "x": "CN4j2Y0jrrLeerzgLz2EMv_4HVaxjZCubSalrduEjQ0",
                 *         "y": "_genfnPUZd2yXx6s5yf1nVBjsqHz-70b_OJ0-78nrNw"
                 *       },
                 *       "fs_root": "/srv/gate/ws"
                 *     }
                 */
                "application/json": components["schemas"]["LeaseRequest"];
            };
        };
        responses: {
            /** @description The lease. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "lease_jwt": "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiIsImtpZCI6IjU1OGFkM2M4NDNkYjZjMmMifQ.eyJpc3MiOiJsYXRjaGdhdGUiLCJzdWIiOiJhZ2VudDpyZWNvcmRlciIsImF1ZCI6ImxhdGNoZ2F0ZSIsImV4cCI6MTc5NTQ4OTA3OSwibmJmIjoxNzk1NDg4Nzc5LCJpYXQiOjE3OTU0ODg3NzksImp0aSI6IjAxYTIwYjc4LThjNmEtNzViMy1hY2Y1LWM4NmMxYjAyNGUwZiIsInNlc3Npb25faWQiOiIwMWEyMGI3OC04YzZhLTc1YjMtYWNmNS1jODUzZTdhNzdmMjAiLCJzY29wZSI6WyJ0b29sczpjYWxsIl0sImNuZiI6eyJqa3QiOiI4dDB4SzliaHFzNTZoQWFadjg2VV93bmRzZWJ4UUFtMTZQdjV0QjVZVWZZIn0sIm93bmVyIjoicmVjb3JkZXJAZXhhbXBsZS5jb20ifQ.Fa61sP1Ta0vO7ppK2cuyOKGh2TJHTaaPQbT7tVS0ljky8od6fvP_1bU4WUWUvkg1FjMfvvvHqJKIJRcaSAzPpQ",
                     *       "session_id": "01a20b78-8c6a-75b3-acf5-c853e7a77f20",
                     *       "lease_jti": "01a20b78-8c6a-75b3-acf5-c86c1b024e0f",
                     *       "expires_at": "2026-11-24T02:57:59Z",
                     *       "fs_root": "/srv/gate/ws"
                     *     }
                     */
                    "application/json": components["schemas"]["Lease"];
                };
            };
            /**
             * @description JSON: the key, a scope or `fs_root` is not acceptable. Text: the body is not JSON, is empty, or broke off.
             *     Empty and without a content type: the request was no HTTP.
             */
            400: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "invalid_fs_root",
                     *       "message": "must be absolute, got: ws"
                     *     }
                     */
                    "application/json": components["schemas"]["LeaseBadRequestError"];
                    /** @example Failed to parse the request body as JSON: EOF while parsing a value at line 1 column 0 */
                    "text/plain": string;
                };
            };
            /** @description The gate identifies callers by peer credentials, and this transport has none. */
            401: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "identity_unauthenticated"
                     *     }
                     */
                    "application/json": components["schemas"]["LeaseUnauthorizedError"];
                };
            };
            /** @description The caller is not known, none of the scopes is left, or `fs_root` is out of bounds. */
            403: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "fs_root_denied",
                     *       "message": "outside allowed prefixes: /usr/share"
                     *     }
                     */
                    "application/json": components["schemas"]["LeaseForbiddenError"];
                };
            };
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            /** @description The content type is absent or neither `application/json` nor `application/*+json`. */
            415: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example Expected request with `Content-Type: application/json` */
                    "text/plain": string;
                };
            };
            /**
             * @description JSON of the wrong shape: a member of the wrong type, missing, twice there, or unknown at the top level. The text after the colon is
             *     not stable. Unknown members of `dpop_jwk` and `budgets` are ignored.
             */
            422: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example Failed to deserialize the JSON body into the target type: agent_id: unknown field `agent_id`, expected one of `scopes`, `dpop_jwk`, `budgets`, `fs_root` at line 1 column 173 */
                    "text/plain": string;
                };
            };
            /**
             * @description More leases than the gate gives in a second (50 by default, for all callers together). There is **no** `Retry-After`; the bucket is
             *     refilled each second. Note the word: `execute` says `rate_limited`.
             */
            429: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "rate_limit_exceeded"
                     *     }
                     */
                    "application/json": components["schemas"]["LeaseTooManyRequestsError"];
                };
            };
            431: components["responses"]["HeadTooLarge"];
            /** @description The lease could not be signed. Read in the gate's source, never recorded. */
            500: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LeaseInternalError"];
                };
            };
            /** @description The gate drains (for good: this process gives no lease again), or something that it needs is missing. */
            503: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "draining"
                     *     }
                     */
                    "application/json": components["schemas"]["LeaseUnavailableError"];
                };
            };
        };
    };
    getLeaseKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A JWK set with one key. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "kty": "EC",
                     *           "crv": "P-256",
                     *           "kid": "558ad3c843db6c2c",
                     *           "use": "sig",
                     *           "alg": "ES256",
                     *           "x": "ILVIOuOvYSYZLsgya8YCoeFrsYmntQs0TejJkGBNC84",
                     *           "y": "xVKNp7TdsNglLcHRHsGhpqxnQIRlrlaTtsFgQGkpYWI"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["LeaseKeySet"];
                };
            };
            400: components["responses"]["MalformedHttp"];
            414: components["responses"]["UriTooLong"];
            431: components["responses"]["HeadTooLarge"];
        };
    };
    listActions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The actions. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "actions": [
                     *         {
                     *           "action_id": "arxiv_search",
                     *           "version": "1.0.0",
                     *           "risk_level": "low"
                     *         },
                     *         {
                     *           "action_id": "asana_create",
                     *           "version": "1.0.0",
                     *           "risk_level": "medium"
                     *         },
                     *         {
                     *           "action_id": "asana_delete",
                     *           "version": "1.0.0",
                     *           "risk_level": "high"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ActionList"];
                };
            };
            400: components["responses"]["MalformedHttp"];
            414: components["responses"]["UriTooLong"];
            431: components["responses"]["HeadTooLarge"];
        };
    };
    getAction: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The action's id. Another string is answered with 404.
                 * @example http_fetch
                 */
                action_id: components["parameters"]["ActionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The action. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "action_id": "http_fetch",
                     *       "version": "1.0.0",
                     *       "provider_module_digest": "builtin:http_api",
                     *       "risk_level": "low",
                     *       "resource_limits": {
                     *         "fuel": 5000000,
                     *         "memory_mb": 128,
                     *         "timeout_seconds": 30,
                     *         "max_io_calls": 10,
                     *         "max_host_response_bytes": 10485760
                     *       },
                     *       "io": {
                     *         "max_request_bytes": 65536,
                     *         "max_response_bytes": 1048576,
                     *         "has_request_schema": true,
                     *         "has_response_schema": false
                     *       },
                     *       "egress": {
                     *         "proxy_allowlist": {
                     *           "allowed_domains": [
                     *             "httpbin.org",
                     *             "api.github.com",
                     *             "*.wikipedia.org",
                     *             "hacker-news.firebaseio.com"
                     *           ]
                     *         }
                     *       },
                     *       "declared_side_effects": [
                     *         "http_read"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ActionDetail"];
                };
            };
            400: components["responses"]["InvalidPath"];
            404: components["responses"]["NoSuchAction"];
            414: components["responses"]["UriTooLong"];
            431: components["responses"]["HeadTooLarge"];
        };
    };
    getActionRequestSchema: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The action's id. Another string is answered with 404.
                 * @example http_fetch
                 */
                action_id: components["parameters"]["ActionId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The schema. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "additionalProperties": false,
                     *       "properties": {
                     *         "url": {
                     *           "description": "Target URL. Must be http or https. Private/internal ranges are blocked by the SSRF guard.",
                     *           "format": "uri",
                     *           "maxLength": 2048,
                     *           "minLength": 1,
                     *           "type": "string"
                     *         }
                     *       },
                     *       "required": [
                     *         "url"
                     *       ],
                     *       "type": "object"
                     *     }
                     */
                    "application/json": components["schemas"]["ActionRequestSchema"];
                };
            };
            400: components["responses"]["InvalidPath"];
            404: components["responses"]["NoSuchAction"];
            414: components["responses"]["UriTooLong"];
            431: components["responses"]["HeadTooLarge"];
        };
    };
    executeAction: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The action's id. Another string is answered with 404.
                 * @example http_fetch
                 */
                action_id: components["parameters"]["ActionId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "url": "http://httpbin.org/get?a=1"
                 *     }
                 */
                "application/json": components["schemas"]["ActionParameters"];
            };
        };
        responses: {
            /** @description The provider ran and the receipt is stored. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "decision": "executed",
                     *       "trace_id": "01a20b78-917d-76e1-86d1-d3c86930dc0a",
                     *       "action_id": "http_fetch",
                     *       "grant_id": "01a20b78-917e-7960-a011-f69e1b9c96cc",
                     *       "receipt_id": "01a20b78-91bb-7372-9c4b-ff2601705659",
                     *       "output": {
                     *         "data": {
                     *           "body": "{\"args\":{\"a\":\"1\"},\"data\":\"\",\"method\":\"GET\",\"headers\":{\"host\":\"httpbin.org\",\"user-agent\":\"latchgate/0.1\"},\"url\":\"http://httpbin.org/get?a=1\"}",
                     *           "headers": {
                     *             "connection": "keep-alive",
                     *             "content-length": "140",
                     *             "content-type": "application/json",
                     *             "date": "Tue, 24 Nov 2026 02:53:00 GMT",
                     *             "keep-alive": "timeout=5"
                     *           },
                     *           "status_code": 200,
                     *           "url": "http://httpbin.org/get?a=1"
                     *         },
                     *         "ok": true
                     *       },
                     *       "verification_outcome": "verified",
                     *       "verification": {
                     *         "outcome": "verified",
                     *         "is_fully_successful": true
                     *       },
                     *       "runtime": {
                     *         "duration_ms": 57,
                     *         "exit_code": 0,
                     *         "fuel_consumed": 32352
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ExecutionResult"];
                };
            };
            /** @description Held for an operator. Nothing ran, and the budget was not charged; it will be when an operator approves. */
            202: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "decision": "pending_approval",
                     *       "approval_id": "01a20e5a-7846-74c3-b4dc-a95c7ba45380",
                     *       "request_hash": "sha256:de32fc94e1bb6772f6042e7ffdeab10edbb7b0497eec85bcbb23ec0e8e72bfbe",
                     *       "trace_id": "01a20e5a-7841-7a92-b841-21046fb3c4a6"
                     *     }
                     */
                    "application/json": components["schemas"]["PendingApproval"];
                };
            };
            /** @description The action id is not UTF-8, or the body broke off. Empty and without a content type if the request was no HTTP. */
            400: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /** @example Invalid URL: Invalid UTF-8 in `action_id` */
                    "text/plain": string;
                };
            };
            401: components["responses"]["ExecuteUnauthorized"];
            403: components["responses"]["ExecuteForbidden"];
            /** @description No such action. JSON here, and only for a valid lease; `getAction` answers with an empty body. */
            404: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "action_not_found"
                     *     }
                     */
                    "application/json": components["schemas"]["ExecuteNotFoundError"];
                };
            };
            /** @description A grant was used twice. Grants are made anew for each call, so this is practically unreachable, and was never recorded. */
            409: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExecuteConflictError"];
                };
            };
            413: components["responses"]["BodyTooLarge"];
            414: components["responses"]["UriTooLong"];
            422: components["responses"]["ExecuteUnprocessable"];
            /**
             * @description More calls in a second than this session may make (20 by default). A lease whose JWT payload exceeds 512 bytes shares a bucket of 5 with
             *     others. The proof was not used up.
             */
            429: {
                headers: {
                    Date: components["headers"]["Date"];
                    "Retry-After": components["headers"]["RetryAfter"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "rate_limited"
                     *     }
                     */
                    "application/json": components["schemas"]["ExecuteTooManyRequestsError"];
                };
            };
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["ExecuteInternalError"];
            502: components["responses"]["ExecuteBadGateway"];
            503: components["responses"]["ExecuteUnavailable"];
        };
    };
    pollApproval: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The approval's id. The gate makes a UUIDv7, yet takes any string; the pattern keeps `.` and `..` out of the path.
                 * @example 01a20e5a-7846-74c3-b4dc-a95c7ba45380
                 */
                approval_id: components["parameters"]["ApprovalId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The approval as it stands. */
            200: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApprovalPoll"];
                };
            };
            400: components["responses"]["InvalidPath"];
            /** @description Any failure of lease or proof. Empty body. */
            401: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description No such approval, one that was purged, or one of another session. Empty body. */
            404: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            414: components["responses"]["UriTooLong"];
            431: components["responses"]["HeadTooLarge"];
            /** @description The approval store failed or its record is damaged. Empty body. */
            503: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
