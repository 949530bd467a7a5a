// Generated from openapi/agent.yaml (sha256 809f2aea25fecc8b314a5ac8841152cc4bd7c94ac1662cc1dace6922c9089f29) by `npm run generate`: do not edit.

/** Whether the action may have run. */
export type Outcome = "not_executed" | "unknown" | "executed";

/** What one kind of answer says about the request that it answers (`x-outcomes` in the document). */
export interface AnswerFacts {
  readonly outcome: Outcome;
  /** Whether the gate can give this answer before it has stored the proof's `jti`. */
  readonly replayCheck: "before" | "after";
  /** Whether the request may be sent again, and what must be new about it. */
  readonly again: "never" | "backoff" | "new_lease" | "new_clock";
}

/** Limits of one path parameter. */
export interface ParameterFacts {
  readonly minLength: number;
  readonly maxLength: number;
  readonly pattern: string;
}

/** What the documents say of one operation. */
export interface OperationFacts {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  /** Who signs: nobody, the holder of a lease, or an operator. */
  readonly security: "none" | "lease" | "operator";
  readonly parameters: { readonly [name: string]: ParameterFacts };
  /** Where it acts: nowhere, at the gate alone, or in the world behind the gate. */
  readonly effect: "none" | "gate" | "world";
  /** What a connection means that was lost after the request was sent and before an answer. */
  readonly lost: { readonly outcome: Outcome; readonly again: "never" | "backoff" | "same_proof" };
  /** By "status code", "status", "4XX" or "5XX", and "default": the first of these that is there holds. */
  readonly answers: { readonly [answer: string]: AnswerFacts };
}

export const agentOperations = {
  "getHealth": {
    "method": "GET",
    "path": "/healthz",
    "security": "none",
    "parameters": {},
    "effect": "none",
    "lost": {
      "outcome": "not_executed",
      "again": "backoff"
    },
    "answers": {
      "200": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "400": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "431": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "4XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "5XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "default": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      }
    }
  },
  "getReadiness": {
    "method": "GET",
    "path": "/readyz",
    "security": "none",
    "parameters": {},
    "effect": "none",
    "lost": {
      "outcome": "not_executed",
      "again": "backoff"
    },
    "answers": {
      "200": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "400": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "431": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "503": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "4XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "5XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "default": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      }
    }
  },
  "createLease": {
    "method": "POST",
    "path": "/v1/leases",
    "security": "none",
    "parameters": {},
    "effect": "none",
    "lost": {
      "outcome": "not_executed",
      "again": "backoff"
    },
    "answers": {
      "200": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "400": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "403": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "413": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "415": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "422": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "431": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "500": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "503": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "503 draining": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "503 identity_provider_unavailable": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "503 clock_error": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "503 budget_store_unavailable": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "4XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "5XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "default": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      }
    }
  },
  "getLeaseKeys": {
    "method": "GET",
    "path": "/.well-known/jwks.json",
    "security": "none",
    "parameters": {},
    "effect": "none",
    "lost": {
      "outcome": "not_executed",
      "again": "backoff"
    },
    "answers": {
      "200": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "400": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "431": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "4XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "5XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "default": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      }
    }
  },
  "listActions": {
    "method": "GET",
    "path": "/v1/actions",
    "security": "none",
    "parameters": {},
    "effect": "none",
    "lost": {
      "outcome": "not_executed",
      "again": "backoff"
    },
    "answers": {
      "200": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "400": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "431": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "4XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "5XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "default": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      }
    }
  },
  "getAction": {
    "method": "GET",
    "path": "/v1/actions/{action_id}",
    "security": "none",
    "parameters": {
      "action_id": {
        "minLength": 1,
        "maxLength": 128,
        "pattern": "^[A-Za-z0-9_-]+$"
      }
    },
    "effect": "none",
    "lost": {
      "outcome": "not_executed",
      "again": "backoff"
    },
    "answers": {
      "200": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "400": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "404": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "431": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "4XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "5XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "default": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      }
    }
  },
  "getActionRequestSchema": {
    "method": "GET",
    "path": "/v1/actions/{action_id}/schema/request",
    "security": "none",
    "parameters": {
      "action_id": {
        "minLength": 1,
        "maxLength": 128,
        "pattern": "^[A-Za-z0-9_-]+$"
      }
    },
    "effect": "none",
    "lost": {
      "outcome": "not_executed",
      "again": "backoff"
    },
    "answers": {
      "200": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "400": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "404": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "431": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "4XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "5XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "default": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      }
    }
  },
  "executeAction": {
    "method": "POST",
    "path": "/v1/actions/{action_id}/execute",
    "security": "lease",
    "parameters": {
      "action_id": {
        "minLength": 1,
        "maxLength": 128,
        "pattern": "^[A-Za-z0-9_-]+$"
      }
    },
    "effect": "world",
    "lost": {
      "outcome": "unknown",
      "again": "same_proof"
    },
    "answers": {
      "200": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "202": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "403": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "404": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "409": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "413": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "422": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "429": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "431": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "500": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "502": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "503": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "401 missing_auth_header": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 invalid_lease": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "new_lease"
      },
      "401 lease_expired": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "new_lease"
      },
      "401 invalid_dpop": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "new_clock"
      },
      "401 replay_detected": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "403 policy_denied": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "403 budget_exhausted": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "403 budget_session_not_found": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "new_lease"
      },
      "403 action_not_registered": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "403 action_digest_mismatch": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "404 action_not_found": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "409 grant_consumed": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "422 schema_violation": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "500 internal_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "500 evidence_persistence_failed": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "502 action_execution_failed": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "503 draining": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "503 clock_error": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "503 replay_cache_unavailable": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "503 policy_engine_unavailable": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "503 policy_engine_timeout": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "503 policy_engine_invalid_response": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "503 store_unavailable": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "503 budget_store_unavailable": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "4XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "5XX": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "default": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      }
    }
  },
  "pollApproval": {
    "method": "GET",
    "path": "/v1/approvals/{approval_id}/poll",
    "security": "lease",
    "parameters": {
      "approval_id": {
        "minLength": 1,
        "maxLength": 256,
        "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"
      }
    },
    "effect": "none",
    "lost": {
      "outcome": "not_executed",
      "again": "backoff"
    },
    "answers": {
      "200": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "404": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "431": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "503": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "4XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "5XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "default": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      }
    }
  },
  "getReceipt": {
    "method": "GET",
    "path": "/v1/receipts/{receipt_id}",
    "security": "lease",
    "parameters": {
      "receipt_id": {
        "minLength": 1,
        "maxLength": 256,
        "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"
      }
    },
    "effect": "none",
    "lost": {
      "outcome": "not_executed",
      "again": "backoff"
    },
    "answers": {
      "200": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "404": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "431": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "500": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "503": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "401 missing_auth_header": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 invalid_lease": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "new_lease"
      },
      "401 lease_expired": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "new_lease"
      },
      "401 invalid_dpop": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "new_clock"
      },
      "401 replay_detected": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "4XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "5XX": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "default": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      }
    }
  }
} as const satisfies Record<string, OperationFacts>;

export type AgentOperationId = keyof typeof agentOperations;

/** Every `error` word that the documents know; a gate may send others. */
export const errorCodes = [
  "action_digest_mismatch",
  "action_execution_failed",
  "action_not_found",
  "action_not_registered",
  "budget_exhausted",
  "budget_session_not_found",
  "budget_store_unavailable",
  "clock_error",
  "draining",
  "evidence_persistence_failed",
  "fs_root_denied",
  "grant_consumed",
  "identity_forbidden",
  "identity_provider_unavailable",
  "identity_unauthenticated",
  "internal_error",
  "invalid_dpop",
  "invalid_fs_root",
  "invalid_lease",
  "invalid_request",
  "lease_expired",
  "missing_auth_header",
  "not_found",
  "policy_denied",
  "policy_engine_invalid_response",
  "policy_engine_timeout",
  "policy_engine_unavailable",
  "rate_limit_exceeded",
  "rate_limited",
  "replay_cache_unavailable",
  "replay_detected",
  "schema_violation",
  "scope_not_permitted",
  "store_unavailable"
] as const;

export type ErrorCode = (typeof errorCodes)[number];

