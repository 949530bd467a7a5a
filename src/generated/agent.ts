// Generated from openapi/agent.yaml (sha256 1c89e4ffa22d5e1dae6fa45336e4f5c1dea00202352004d3b87e54e93099cd17) by `npm run generate`: do not edit.

export interface paths {
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
         * A receipt, by its id.
         * @description Any valid lease can read **any** receipt. On the operator socket the same path wants an operator's credentials instead.
         *
         *     `signature_status` is about the stored hash; the gate does not recompute `result_hash` from the members. To verify a receipt, do: take the
         *     ten members that are hashed (all but `result_hash`, `receipt_signature`, `signing_key_id`, `signature_status`), write both times with `+00:00` instead of
         *     `Z`, canonicalise (RFC 8785), take SHA-256 in hex, and check the Ed25519 signature over these **64 characters**.
         */
        get: operations["getReceipt"];
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
        ReceiptUnauthorizedError: {
            /** @description Known: missing_auth_header, invalid_lease, lease_expired, invalid_dpop, replay_detected. */
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
        ReceiptUnavailableError: {
            /** @description Known: replay_cache_unavailable, clock_error. */
            error: string;
        };
    };
    responses: {
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
    getReceipt: {
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
            /** @description The lease or the proof was refused. No `deny_reason` here, unlike `execute`. */
            401: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "error": "lease_expired"
                     *     }
                     */
                    "application/json": components["schemas"]["ReceiptUnauthorizedError"];
                };
            };
            404: components["responses"]["ReceiptNotFound"];
            414: components["responses"]["UriTooLong"];
            431: components["responses"]["HeadTooLarge"];
            500: components["responses"]["ReceiptUnreadable"];
            /** @description The replay store or the clock failed. Read in the gate's source, never recorded. */
            503: {
                headers: {
                    Date: components["headers"]["Date"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReceiptUnavailableError"];
                };
            };
        };
    };
}
