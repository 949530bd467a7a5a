// Generated from openapi/webhooks.yaml (sha256 639b4510bd77a51491162fbc81cfd46310e7df72b45b5cddc8c2e9298f7117da) by `npm run generate`: do not edit.

export type paths = Record<string, never>;
export interface webhooks {
    generic: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * An event, for programs.
         * @description The format that an endpoint has by default. Told apart by `type`.
         *
         *     | kind | comes | does not come |
         *     |---|---|---|
         *     | `approval.pending` | with every call that is held, once the approval is stored: its id can be used at once | |
         *     | `approval.granted` | when an approved call has run with evidence, beside its `action.executed` | when the approved call **failed**: such an approval ends without any `approval.*` event |
         *     | `approval.denied` | with the first deny that took effect, also after the expiry | |
         *     | `approval.expired` | 0 to 30 s after `expires_at`, of the 200 newest | with Redis: never. Approve and deny are not closed by it |
         *     | `action.executed` | when receipt and audit event are written; **also when its check failed** | |
         *     | `action.failed` | on a failure **after** dispatch: an effect is possible | on a failure before dispatch |
         *     | `action.denied` | **never** in 0.2.0 | on any denial |
         *     | `revocation` | with every revoke-all that took effect | |
         *     | `budget.exhausted` | when calls at once race for the last unit | on the ordinary exhausted budget |
         *     | `budget.rollback_failed` | when the store refuses a refund | |
         *     | `test` | from `latchgate config test-webhook` alone, whatever the endpoint subscribes to, and signed with the secret **before** `${NAME}` in it is replaced | |
         *
         *     A lease, a refused authentication, an unknown action, bad parameters, a drain, a reload, and a caller that went away never make an event.
         */
        post: operations["deliverEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    slack: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A message for a Slack webhook.
         * @description `format = "slack"`. It has **no `approval_id`, no `trace_id`, no kind and no `request_summary`**. Texts are not escaped (`<!channel>` in an operator's reason goes through) and not cut to
         *     Slack's limits (2,000 characters of a field).
         */
        post: operations["deliverSlackMessage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    discord: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * A message for a Discord webhook.
         * @description `format = "discord"`. It has **no `approval_id`, no `trace_id`, no kind and no `request_summary`**. Texts are not cut to Discord's limits (1,024 characters of a field), and an empty reason makes an empty
         *     `value`, which Discord refuses.
         */
        post: operations["deliverDiscordMessage"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    pagerduty: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * An event for PagerDuty's Events API v2.
         * @description `format = "pagerduty"`. Always a `trigger`, each with a `dedup_key` of its own: nothing is ever resolved. `budget.rollback_failed` has the severity `info`.
         */
        post: operations["deliverPagerDutyEvent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface components {
    schemas: {
        /**
         * Format: uuid
         * @description A UUIDv7, as the gate makes them. Do not take it for a secret.
         */
        GateUuid: string;
        /** @description One per event, the same for every endpoint and every attempt. It is in the body only. */
        EventId: string;
        TestEventId: string;
        /**
         * Format: date-time
         * @description When the event was written out, not when it happened. RFC 3339 in UTC with `Z`, whole seconds.
         */
        EventTime: string;
        /**
         * Format: date-time
         * @description RFC 3339 in UTC with `+00:00` and 0, 3, 6 or 9 digits of a second, as many as are needed.
         */
        OffsetTime: string;
        GateVersion: string;
        /** @description An action's id. */
        ActionName: string;
        /** @description Who called, by the gate's identity mapping. */
        Principal: string;
        /** @description Who answers for the agent; null where the mapping names nobody. */
        Owner: string | null;
        /** @description An operator's name in the gate's configuration. */
        OperatorId: string;
        /** @enum {string} */
        RiskLevel: "low" | "medium" | "high" | "critical";
        /** @description Any event of the generic format. */
        WebhookEvent: components["schemas"]["KnownEvent"] | components["schemas"]["UnknownEvent"];
        KnownEvent: components["schemas"]["ApprovalPendingEvent"] | components["schemas"]["ApprovalGrantedEvent"] | components["schemas"]["ApprovalDeniedEvent"] | components["schemas"]["ApprovalExpiredEvent"] | components["schemas"]["ActionDeniedEvent"] | components["schemas"]["ActionExecutedEvent"] | components["schemas"]["ActionFailedEvent"] | components["schemas"]["RevocationEvent"] | components["schemas"]["BudgetExhaustedEvent"] | components["schemas"]["BudgetRollbackFailedEvent"] | components["schemas"]["TestEvent"];
        /** @description An event of a kind that this document does not know. Of a kind that a gate can name and not yet fill, `data` is empty. */
        UnknownEvent: {
            id: string;
            type: string;
            timestamp: components["schemas"]["EventTime"];
            gate_version: components["schemas"]["GateVersion"];
            data: {
                [key: string]: unknown;
            };
        };
        /** @description An action is held. `approval_id` can be used for approve, deny and detail at once. */
        ApprovalPendingEvent: {
            id: components["schemas"]["EventId"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "approval.pending";
            timestamp: components["schemas"]["EventTime"];
            gate_version: components["schemas"]["GateVersion"];
            data: components["schemas"]["ApprovalPendingData"];
        };
        ApprovalPendingData: {
            approval_id: components["schemas"]["GateUuid"];
            action_id: components["schemas"]["ActionName"];
            principal: components["schemas"]["Principal"];
            owner: components["schemas"]["Owner"];
            risk_level: components["schemas"]["RiskLevel"];
            /** @description Over the whole request; the summary cannot reproduce it. */
            request_hash: string;
            expires_at: components["schemas"]["OffsetTime"];
            /**
             * @description What is being asked, as far as it is shown; **the only place on the wire where an operator's tool sees it**. Any JSON, normally an object. Members named like a secret (`key`, `auth`, `pin` and
             *     others, anywhere in the name: `author` and `shipping` too) are `***REDACTED***`, the sixth level down is `***TRUNCATED (max depth)***`, lists end after 10 items with `…[N more items]`, texts over 256 bytes after 200 characters with
             *     `…[N bytes total]`. **Values are not looked at: secrets in them arrive in clear.** Do not log it.
             */
            request_summary: unknown;
            /** @description That of the answer 202 of the execute. */
            trace_id: components["schemas"]["GateUuid"];
            /** @description What the call wants to reach and no rule knows; left out where there is none. */
            unresolved_domains?: string[];
            /** @description Left out where there is none. */
            unresolved_paths?: string[];
        };
        /** @description A held action was approved and **has run**. An approved call that fails makes no such event. */
        ApprovalGrantedEvent: {
            id: components["schemas"]["EventId"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "approval.granted";
            timestamp: components["schemas"]["EventTime"];
            gate_version: components["schemas"]["GateVersion"];
            data: components["schemas"]["ApprovalGrantedData"];
        };
        ApprovalGrantedData: {
            approval_id: components["schemas"]["GateUuid"];
            action_id: components["schemas"]["ActionName"];
            approved_by: components["schemas"]["OperatorId"];
            receipt_id: components["schemas"]["GateUuid"];
            /** @description That of the execution; the 202 had another. */
            trace_id: components["schemas"]["GateUuid"];
        };
        /** @description An operator said no. */
        ApprovalDeniedEvent: {
            id: components["schemas"]["EventId"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "approval.denied";
            timestamp: components["schemas"]["EventTime"];
            gate_version: components["schemas"]["GateVersion"];
            data: components["schemas"]["ApprovalDeniedData"];
        };
        ApprovalDeniedData: {
            approval_id: components["schemas"]["GateUuid"];
            action_id: components["schemas"]["ActionName"];
            denied_by: components["schemas"]["OperatorId"];
            /** @description The operator's text, whole; `operator_denied` where none was given. It may be empty. */
            reason: string;
            /** @description That of the original 202. */
            trace_id: components["schemas"]["GateUuid"];
        };
        /** @description Nobody had decided 0 to 30 s after the expiry. It is not closed by that: deny works for some minutes more. It comes again after each restart, with another `id`, and never with Redis. */
        ApprovalExpiredEvent: {
            id: components["schemas"]["EventId"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "approval.expired";
            timestamp: components["schemas"]["EventTime"];
            gate_version: components["schemas"]["GateVersion"];
            data: components["schemas"]["ApprovalExpiredData"];
        };
        ApprovalExpiredData: {
            approval_id: components["schemas"]["GateUuid"];
            action_id: components["schemas"]["ActionName"];
            principal: components["schemas"]["Principal"];
            owner: components["schemas"]["Owner"];
            created_at: components["schemas"]["OffsetTime"];
            /** @description The approval's `expires_at`, not when it was noticed. */
            expired_at: components["schemas"]["OffsetTime"];
        };
        /** @description Never sent by 0.2.0, which can name it. Whoever subscribes to denials gets none. */
        ActionDeniedEvent: {
            id: components["schemas"]["EventId"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "action.denied";
            timestamp: components["schemas"]["EventTime"];
            gate_version: components["schemas"]["GateVersion"];
            data: components["schemas"]["ActionDeniedData"];
        };
        ActionDeniedData: {
            action_id: components["schemas"]["ActionName"];
            principal: components["schemas"]["Principal"];
            owner: components["schemas"]["Owner"];
            deny_reason: string;
            trace_id: components["schemas"]["GateUuid"];
        };
        /** @description An action ran, and its receipt can be read. **It is no promise that the action did what it should**: look at `verification_outcome`. */
        ActionExecutedEvent: {
            id: components["schemas"]["EventId"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "action.executed";
            timestamp: components["schemas"]["EventTime"];
            gate_version: components["schemas"]["GateVersion"];
            data: components["schemas"]["ActionExecutedData"];
        };
        ActionExecutedData: {
            action_id: components["schemas"]["ActionName"];
            principal: components["schemas"]["Principal"];
            owner: components["schemas"]["Owner"];
            receipt_id: components["schemas"]["GateUuid"];
            /**
             * @description The last two have names and no code that makes them.
             * @enum {string}
             */
            verification_outcome: "verified" | "verification_failed" | "unverifiable_declared" | "skipped" | "provider_failed_before_verification";
            trace_id: components["schemas"]["GateUuid"];
        };
        /** @description An action failed **after** it was dispatched: an effect is possible. It names neither receipt nor approval. */
        ActionFailedEvent: {
            id: components["schemas"]["EventId"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "action.failed";
            timestamp: components["schemas"]["EventTime"];
            gate_version: components["schemas"]["GateVersion"];
            data: components["schemas"]["ActionFailedData"];
        };
        ActionFailedData: {
            action_id: components["schemas"]["ActionName"];
            principal: components["schemas"]["Principal"];
            owner: components["schemas"]["Owner"];
            /** @description Why. Of `verification_failed_high_risk:` what follows is an outcome: match what comes before the colon. Known: response_schema_violation, wasm_timeout, fuel_exhausted, execution_failed, module_not_found, digest_mismatch, memory_limit, io_budget_exceeded, import_not_declared, path_traversal, unknown_provider_error, response_schema_warn_mode_non_dev, response_hash_failed, evidence_persistence_failed, verification_failed_high_risk:verification_failed. */
            error_class: string;
            trace_id: components["schemas"]["GateUuid"];
        };
        /** @description Every lease issued before is void. */
        RevocationEvent: {
            id: components["schemas"]["EventId"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "revocation";
            timestamp: components["schemas"]["EventTime"];
            gate_version: components["schemas"]["GateVersion"];
            data: components["schemas"]["RevocationData"];
        };
        RevocationData: {
            /** @description Begins again at 0 with every start of the gate. */
            old_epoch: number;
            new_epoch: number;
            operator_id: components["schemas"]["OperatorId"];
        };
        /** @description Calls at once raced for a session's last unit, and this one lost. The ordinary exhausted budget makes no event. */
        BudgetExhaustedEvent: {
            id: components["schemas"]["EventId"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "budget.exhausted";
            timestamp: components["schemas"]["EventTime"];
            gate_version: components["schemas"]["GateVersion"];
            data: components["schemas"]["BudgetExhaustedData"];
        };
        BudgetExhaustedData: {
            action_id: components["schemas"]["ActionName"];
            principal: components["schemas"]["Principal"];
            owner: components["schemas"]["Owner"];
            session_id: components["schemas"]["GateUuid"];
        };
        /** @description A unit of a session's budget could not be given back. */
        BudgetRollbackFailedEvent: {
            id: components["schemas"]["EventId"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "budget.rollback_failed";
            timestamp: components["schemas"]["EventTime"];
            gate_version: components["schemas"]["GateVersion"];
            data: components["schemas"]["BudgetRollbackFailedData"];
        };
        BudgetRollbackFailedData: {
            session_id: components["schemas"]["GateUuid"];
            /** @description The store's text. */
            error: string;
            trace_id: components["schemas"]["GateUuid"];
            /** @description Where it was given back. Known: build_run_task_error, approval_enforcement_error, pre_dispatch_persistence, grant_validation_failure, grant_signature_failure, approval_hash_assertion. */
            label: string;
        };
        /** @description `latchgate config test-webhook`, to each endpoint, once. */
        TestEvent: {
            id: components["schemas"]["TestEventId"];
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "test";
            timestamp: components["schemas"]["EventTime"];
            gate_version: components["schemas"]["GateVersion"];
            data: components["schemas"]["TestData"];
        };
        TestData: {
            endpoint_name: string;
            /** @constant */
            message: "LatchGate webhook test event";
        };
        SlackMessage: {
            /** @description An emoji and a title. */
            text: string;
            /** @description A header, a section unless there is nothing to list, and a context with the event's id and the gate's version. */
            blocks: (components["schemas"]["SlackHeader"] | components["schemas"]["SlackSection"] | components["schemas"]["SlackContext"])[];
        };
        SlackHeader: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "header";
            text: {
                /** @constant */
                emoji: true;
                text: string;
                /** @constant */
                type: "plain_text";
            };
        };
        SlackSection: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "section";
            fields: components["schemas"]["SlackText"][];
        };
        SlackContext: {
            /**
             * @description discriminator enum property added by openapi-typescript
             * @enum {string}
             */
            type: "context";
            elements: (components["schemas"]["SlackText"] & {
                text?: components["schemas"]["IdAndVersion"];
            })[];
        };
        SlackText: {
            /** @description Of a field: `*label:*`, a newline and the value, which may be empty. */
            text: string;
            /** @constant */
            type: "mrkdwn";
        };
        /** @description The event's id and the gate's version. */
        IdAndVersion: string;
        DiscordMessage: {
            /** @description An emoji and a title. */
            content: string;
            embeds: components["schemas"]["DiscordEmbed"][];
        };
        DiscordEmbed: {
            /** @description The same as `content`. */
            title: string;
            /**
             * @description Red (revocation, action.failed), yellow (approval.pending, approval.expired, budget.exhausted), green (action.executed, approval.granted), blue (all others).
             * @enum {integer}
             */
            color: 15158332 | 15965202 | 3066993 | 3447003;
            fields: {
                /** @constant */
                inline: true;
                name: string;
                /** @description It may be empty. */
                value: string;
            }[];
            footer: {
                text: components["schemas"]["IdAndVersion"];
            };
            timestamp: components["schemas"]["EventTime"];
        };
        PagerDutyEvent: {
            /** @description The event's id. */
            dedup_key: components["schemas"]["EventId"] | components["schemas"]["TestEventId"];
            /** @constant */
            event_action: "trigger";
            images: unknown[];
            links: unknown[];
            /** @description The configured header named exactly `X-Routing-Key`, which is sent as a header too; empty where there is none. */
            routing_key: string;
            payload: components["schemas"]["PagerDutyPayload"];
        };
        /** @description Which kind it is of shows in the `summary` alone. */
        PagerDutyPayload: {
            /** @description The action's id, or `latchgate` where there is none. */
            component: string;
            /** @description The whole `data` of the event. */
            custom_details: {
                [key: string]: unknown;
            };
            /** @description What stands before the dot of the event's kind. */
            group: string;
            /** @enum {string} */
            severity: "critical" | "error" | "warning" | "info";
            /** @constant */
            source: "latchgate";
            summary: string;
            timestamp: components["schemas"]["EventTime"];
        } & (unknown & unknown & unknown & unknown & unknown & unknown & unknown & unknown & unknown & unknown & unknown);
    };
    responses: {
        /** @description Delivered, as soon as the answer's head is there. The body is not read. */
        Delivered: {
            headers: {
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description Redirects are never followed; they are tried again like server errors. */
        TriedAgainThoughRedirect: {
            headers: {
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description Final, and the event is lost for this endpoint. 408, 410 and 429 too; `Retry-After` is ignored. Nothing switches an endpoint off. */
        Refused: {
            headers: {
                [name: string]: unknown;
            };
            content?: never;
        };
        /** @description Tried again, as are a time-out, a refused or closed connection, and a failed TLS handshake. A name that does not resolve is final. */
        TriedAgain: {
            headers: {
                [name: string]: unknown;
            };
            content?: never;
        };
    };
    parameters: {
        /**
         * @description The HMAC-SHA256 over timestamp, `.` and body. There twice where the endpoint's configuration names it too; the gate's own comes first.
         * @example sha256=6f25b22f28ffe61bf543c8d188e4d0ddb4ef80034f162eb18e7a7b7a41e46616
         */
        Signature: string;
        /**
         * @description When this attempt was signed, in Unix seconds. Its text is what is signed.
         * @example 1795856457
         */
        Timestamp: string;
        /**
         * @description What 0.2.0 says too.
         * @example LatchGate-Webhooks/0.1
         */
        UserAgent: string;
    };
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    deliverEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The HMAC-SHA256 over timestamp, `.` and body. There twice where the endpoint's configuration names it too; the gate's own comes first.
                 * @example sha256=6f25b22f28ffe61bf543c8d188e4d0ddb4ef80034f162eb18e7a7b7a41e46616
                 */
                "X-LatchGate-Signature": components["parameters"]["Signature"];
                /**
                 * @description When this attempt was signed, in Unix seconds. Its text is what is signed.
                 * @example 1795856457
                 */
                "X-LatchGate-Timestamp": components["parameters"]["Timestamp"];
                /**
                 * @description What 0.2.0 says too.
                 * @example LatchGate-Webhooks/0.1
                 */
                "User-Agent": components["parameters"]["UserAgent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookEvent"];
            };
        };
        responses: {
            "2XX": components["responses"]["Delivered"];
            "3XX": components["responses"]["TriedAgainThoughRedirect"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["TriedAgain"];
        };
    };
    deliverSlackMessage: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The HMAC-SHA256 over timestamp, `.` and body. There twice where the endpoint's configuration names it too; the gate's own comes first.
                 * @example sha256=6f25b22f28ffe61bf543c8d188e4d0ddb4ef80034f162eb18e7a7b7a41e46616
                 */
                "X-LatchGate-Signature": components["parameters"]["Signature"];
                /**
                 * @description When this attempt was signed, in Unix seconds. Its text is what is signed.
                 * @example 1795856457
                 */
                "X-LatchGate-Timestamp": components["parameters"]["Timestamp"];
                /**
                 * @description What 0.2.0 says too.
                 * @example LatchGate-Webhooks/0.1
                 */
                "User-Agent": components["parameters"]["UserAgent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SlackMessage"];
            };
        };
        responses: {
            "2XX": components["responses"]["Delivered"];
            "3XX": components["responses"]["TriedAgainThoughRedirect"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["TriedAgain"];
        };
    };
    deliverDiscordMessage: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The HMAC-SHA256 over timestamp, `.` and body. There twice where the endpoint's configuration names it too; the gate's own comes first.
                 * @example sha256=6f25b22f28ffe61bf543c8d188e4d0ddb4ef80034f162eb18e7a7b7a41e46616
                 */
                "X-LatchGate-Signature": components["parameters"]["Signature"];
                /**
                 * @description When this attempt was signed, in Unix seconds. Its text is what is signed.
                 * @example 1795856457
                 */
                "X-LatchGate-Timestamp": components["parameters"]["Timestamp"];
                /**
                 * @description What 0.2.0 says too.
                 * @example LatchGate-Webhooks/0.1
                 */
                "User-Agent": components["parameters"]["UserAgent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DiscordMessage"];
            };
        };
        responses: {
            "2XX": components["responses"]["Delivered"];
            "3XX": components["responses"]["TriedAgainThoughRedirect"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["TriedAgain"];
        };
    };
    deliverPagerDutyEvent: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The HMAC-SHA256 over timestamp, `.` and body. There twice where the endpoint's configuration names it too; the gate's own comes first.
                 * @example sha256=6f25b22f28ffe61bf543c8d188e4d0ddb4ef80034f162eb18e7a7b7a41e46616
                 */
                "X-LatchGate-Signature": components["parameters"]["Signature"];
                /**
                 * @description When this attempt was signed, in Unix seconds. Its text is what is signed.
                 * @example 1795856457
                 */
                "X-LatchGate-Timestamp": components["parameters"]["Timestamp"];
                /**
                 * @description What 0.2.0 says too.
                 * @example LatchGate-Webhooks/0.1
                 */
                "User-Agent": components["parameters"]["UserAgent"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PagerDutyEvent"];
            };
        };
        responses: {
            "2XX": components["responses"]["Delivered"];
            "3XX": components["responses"]["TriedAgainThoughRedirect"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["TriedAgain"];
        };
    };
}
