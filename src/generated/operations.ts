// Generated from openapi/agent.yaml (sha256 1c89e4ffa22d5e1dae6fa45336e4f5c1dea00202352004d3b87e54e93099cd17) and openapi/operator.yaml (sha256 5ada053668a7a16fc3c568057d257c69e58ef1470bea7a3a3e9543ab3afd7143) by `npm run generate`: do not edit.

/** Whether the action may have run; of an operation that acts at the gate alone, whether the gate may have done it. */
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
  /**
   * By "status word", "status", "4XX" or "5XX", and "default": the first of these that is there holds. The word is the
   * body's `error`, or, where one success means several things ("200 already_denied"), its `decision`.
   */
  readonly answers: { readonly [answer: string]: AnswerFacts };
}

/** The ids in a table of what one must sign, or nobody: `SignedBy<typeof agentOperations, "lease">`. */
export type SignedBy<Table, Who extends OperationFacts["security"]> = {
  [Id in keyof Table]: Table[Id] extends { readonly security: Who } ? Id : never;
}[keyof Table];

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
      "422": {
        "outcome": "unknown",
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
      "400 (text)": {
        "outcome": "not_executed",
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
      "404 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "405 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "409 grant_consumed": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "413 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "422 schema_violation": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "429 rate_limited": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "431 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
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
      "4XX (word)": {
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

export const operatorOperations = {
  "getReceiptAsOperator": {
    "method": "GET",
    "path": "/v1/receipts/{receipt_id}",
    "security": "operator",
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
  "listReceiptKeys": {
    "method": "GET",
    "path": "/v1/receipt-keys",
    "security": "operator",
    "parameters": {},
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
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
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
  "listApprovals": {
    "method": "GET",
    "path": "/v1/approvals",
    "security": "operator",
    "parameters": {},
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
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
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
  "getApproval": {
    "method": "GET",
    "path": "/v1/approvals/{approval_id}",
    "security": "operator",
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
      "429": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
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
  "approveApproval": {
    "method": "POST",
    "path": "/v1/approvals/{approval_id}/approve",
    "security": "operator",
    "parameters": {
      "approval_id": {
        "minLength": 1,
        "maxLength": 256,
        "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"
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
      "409": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "422": {
        "outcome": "unknown",
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
      "200 executed": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "200 already_approved": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "200 already_denied": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "200 already_failed": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "200 already_completed": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "400 bad_request": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 missing_auth_header": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 invalid_auth_scheme": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 missing_dpop_header": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 invalid_operator_token": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 invalid_dpop": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "new_clock"
      },
      "401 key_binding_failed": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
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
        "again": "never"
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
      "404 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "405 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "409 conflict": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "409 grant_consumed": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "414 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "422 schema_violation": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "429 operator_throttled": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "431 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
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
      "503 replay_cache_unavailable": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "503 draining": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "503 store_unavailable": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "503 budget_store_unavailable": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "4XX (word)": {
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
  "denyApproval": {
    "method": "POST",
    "path": "/v1/approvals/{approval_id}/deny",
    "security": "operator",
    "parameters": {
      "approval_id": {
        "minLength": 1,
        "maxLength": 256,
        "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$"
      }
    },
    "effect": "gate",
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
      "500": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "503": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "200 deny": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "200 already_approved": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "200 already_denied": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "200 already_failed": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "200 already_completed": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 missing_auth_header": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 invalid_auth_scheme": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 missing_dpop_header": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 invalid_operator_token": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 invalid_dpop": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "new_clock"
      },
      "401 key_binding_failed": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 replay_detected": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "404 action_not_found": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "404 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "405 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "409 conflict": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "413 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "415 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "422 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429 operator_throttled": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "431 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "500 internal_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "503 replay_cache_unavailable": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "backoff"
      },
      "503 store_unavailable": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "4XX (word)": {
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
  "listAuditEvents": {
    "method": "GET",
    "path": "/v1/audit/events",
    "security": "operator",
    "parameters": {},
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
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
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
  "verifyAudit": {
    "method": "GET",
    "path": "/v1/audit/verify",
    "security": "operator",
    "parameters": {},
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
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
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
  "getMetrics": {
    "method": "GET",
    "path": "/metrics",
    "security": "operator",
    "parameters": {},
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
  "getStatus": {
    "method": "GET",
    "path": "/v1/admin/status",
    "security": "operator",
    "parameters": {},
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
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
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
  "getEpoch": {
    "method": "GET",
    "path": "/v1/admin/epoch",
    "security": "operator",
    "parameters": {},
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
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
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
  "revokeAll": {
    "method": "POST",
    "path": "/v1/admin/revoke-all",
    "security": "operator",
    "parameters": {},
    "effect": "gate",
    "lost": {
      "outcome": "unknown",
      "again": "never"
    },
    "answers": {
      "200": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 unauthorized": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "405 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429 rate_limit_exceeded": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "431 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "4XX (word)": {
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
  "drain": {
    "method": "POST",
    "path": "/v1/admin/drain",
    "security": "operator",
    "parameters": {},
    "effect": "gate",
    "lost": {
      "outcome": "unknown",
      "again": "never"
    },
    "answers": {
      "200": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 unauthorized": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "405 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429 rate_limit_exceeded": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "431 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "4XX (word)": {
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
  "reload": {
    "method": "POST",
    "path": "/v1/admin/reload",
    "security": "operator",
    "parameters": {},
    "effect": "gate",
    "lost": {
      "outcome": "unknown",
      "again": "never"
    },
    "answers": {
      "200": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "500": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "400 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 unauthorized": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "405 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429 rate_limit_exceeded": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "431 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "500 reload_failed": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "4XX (word)": {
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
  "listDomains": {
    "method": "GET",
    "path": "/v1/admin/domains",
    "security": "operator",
    "parameters": {},
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
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
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
      "400 invalid_action_id": {
        "outcome": "not_executed",
        "replayCheck": "after",
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
  "addDomain": {
    "method": "POST",
    "path": "/v1/admin/domains",
    "security": "operator",
    "parameters": {},
    "effect": "gate",
    "lost": {
      "outcome": "unknown",
      "again": "never"
    },
    "answers": {
      "200": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "500": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "400 invalid_action_id": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 invalid_domain": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 unauthorized": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "405 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "413 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "415 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "422 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429 rate_limit_exceeded": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "431 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "500 ledger_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "500 serialization_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "4XX (word)": {
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
  "removeDomain": {
    "method": "DELETE",
    "path": "/v1/admin/domains",
    "security": "operator",
    "parameters": {},
    "effect": "gate",
    "lost": {
      "outcome": "unknown",
      "again": "never"
    },
    "answers": {
      "200": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "500": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "400 invalid_action_id": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 invalid_domain": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 unauthorized": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "405 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "413 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "415 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "422 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429 rate_limit_exceeded": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "431 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "500 ledger_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "500 serialization_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "4XX (word)": {
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
  "clearDomains": {
    "method": "DELETE",
    "path": "/v1/admin/domains/clear",
    "security": "operator",
    "parameters": {},
    "effect": "gate",
    "lost": {
      "outcome": "unknown",
      "again": "never"
    },
    "answers": {
      "200": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "500": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "400 invalid_action_id": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 unauthorized": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "405 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429 rate_limit_exceeded": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "431 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "500 ledger_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "500 serialization_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "4XX (word)": {
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
  "listPaths": {
    "method": "GET",
    "path": "/v1/admin/paths",
    "security": "operator",
    "parameters": {},
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
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
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
      "400 invalid_action_id": {
        "outcome": "not_executed",
        "replayCheck": "after",
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
  "addPath": {
    "method": "POST",
    "path": "/v1/admin/paths",
    "security": "operator",
    "parameters": {},
    "effect": "gate",
    "lost": {
      "outcome": "unknown",
      "again": "never"
    },
    "answers": {
      "200": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "500": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "400 invalid_action_id": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 invalid_path_glob": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 unauthorized": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "405 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "413 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "415 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "422 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429 rate_limit_exceeded": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "431 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "500 ledger_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "500 serialization_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "4XX (word)": {
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
  "removePath": {
    "method": "DELETE",
    "path": "/v1/admin/paths",
    "security": "operator",
    "parameters": {},
    "effect": "gate",
    "lost": {
      "outcome": "unknown",
      "again": "never"
    },
    "answers": {
      "200": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "500": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "400 invalid_action_id": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 invalid_path_glob": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 unauthorized": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "405 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "413 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "415 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "422 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429 rate_limit_exceeded": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "431 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "500 ledger_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "500 serialization_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "4XX (word)": {
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
  "clearPaths": {
    "method": "DELETE",
    "path": "/v1/admin/paths/clear",
    "security": "operator",
    "parameters": {},
    "effect": "gate",
    "lost": {
      "outcome": "unknown",
      "again": "never"
    },
    "answers": {
      "200": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "500": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "400 invalid_action_id": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 unauthorized": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "405 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429 rate_limit_exceeded": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "431 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "500 ledger_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "500 serialization_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "4XX (word)": {
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
  "getPolicy": {
    "method": "GET",
    "path": "/v1/admin/policy",
    "security": "operator",
    "parameters": {},
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
      "414": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
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
  "getPrincipalPolicy": {
    "method": "GET",
    "path": "/v1/admin/policy/{principal}",
    "security": "operator",
    "parameters": {
      "principal": {
        "minLength": 1,
        "maxLength": 253,
        "pattern": "^(?!(\\.{1,2}|grant|revoke|allowlist)$)[^\\u0000-\\u0020\\u007f/?#\\\\%]+$"
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
      "429": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
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
      "400 invalid_principal": {
        "outcome": "not_executed",
        "replayCheck": "after",
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
  "grantActions": {
    "method": "POST",
    "path": "/v1/admin/policy/grant",
    "security": "operator",
    "parameters": {},
    "effect": "gate",
    "lost": {
      "outcome": "unknown",
      "again": "never"
    },
    "answers": {
      "200": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "500": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "400 invalid_principal": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 empty_actions": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 too_many_actions": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 invalid_action_id": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 unknown_action": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 unauthorized": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "405 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "413 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "415 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "422 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429 rate_limit_exceeded": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "431 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "500 policy_write_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "500 internal_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "4XX (word)": {
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
  "revokeActions": {
    "method": "POST",
    "path": "/v1/admin/policy/revoke",
    "security": "operator",
    "parameters": {},
    "effect": "gate",
    "lost": {
      "outcome": "unknown",
      "again": "never"
    },
    "answers": {
      "200": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "500": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "400 invalid_principal": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 empty_actions": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 too_many_actions": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 invalid_action_id": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 unauthorized": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "405 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "413 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "415 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "422 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429 rate_limit_exceeded": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "431 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "500 policy_write_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "500 internal_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "4XX (word)": {
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
  "allowAction": {
    "method": "POST",
    "path": "/v1/admin/policy/allowlist",
    "security": "operator",
    "parameters": {},
    "effect": "gate",
    "lost": {
      "outcome": "unknown",
      "again": "never"
    },
    "answers": {
      "200": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "500": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "400 invalid_input": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 unauthorized": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "404 action_not_found": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "404 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "405 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "413 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "415 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "422 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429 rate_limit_exceeded": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "431 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "500 policy_write_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "500 internal_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "4XX (word)": {
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
  "disallowAction": {
    "method": "DELETE",
    "path": "/v1/admin/policy/allowlist",
    "security": "operator",
    "parameters": {},
    "effect": "gate",
    "lost": {
      "outcome": "unknown",
      "again": "never"
    },
    "answers": {
      "200": {
        "outcome": "executed",
        "replayCheck": "after",
        "again": "never"
      },
      "500": {
        "outcome": "unknown",
        "replayCheck": "before",
        "again": "never"
      },
      "400 invalid_input": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "400 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "401 unauthorized": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "404 allowlist_entry_not_found": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "never"
      },
      "404 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "405 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "413 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "414 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "415 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "422 (text)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "429 rate_limit_exceeded": {
        "outcome": "not_executed",
        "replayCheck": "after",
        "again": "backoff"
      },
      "431 (empty)": {
        "outcome": "not_executed",
        "replayCheck": "before",
        "again": "never"
      },
      "500 policy_write_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "500 internal_error": {
        "outcome": "unknown",
        "replayCheck": "after",
        "again": "never"
      },
      "4XX (word)": {
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
  }
} as const satisfies Record<string, OperationFacts>;

export type OperatorOperationId = keyof typeof operatorOperations;

/** Every `error` word that the documents know; a gate may send others. */
export const errorCodes = [
  "action_digest_mismatch",
  "action_execution_failed",
  "action_not_found",
  "action_not_registered",
  "allowlist_entry_not_found",
  "approval_store_unavailable",
  "bad_request",
  "budget_exhausted",
  "budget_session_not_found",
  "budget_store_unavailable",
  "clock_error",
  "conflict",
  "draining",
  "empty_actions",
  "evidence_persistence_failed",
  "fs_root_denied",
  "grant_consumed",
  "identity_forbidden",
  "identity_provider_unavailable",
  "identity_unauthenticated",
  "internal_error",
  "invalid_action_id",
  "invalid_auth_scheme",
  "invalid_domain",
  "invalid_dpop",
  "invalid_fs_root",
  "invalid_input",
  "invalid_lease",
  "invalid_operator_token",
  "invalid_path_glob",
  "invalid_principal",
  "invalid_request",
  "key_binding_failed",
  "lease_expired",
  "ledger_error",
  "missing_auth_header",
  "missing_dpop_header",
  "not_found",
  "operator_throttled",
  "policy_denied",
  "policy_engine_invalid_response",
  "policy_engine_timeout",
  "policy_engine_unavailable",
  "policy_read_error",
  "policy_write_error",
  "principal_not_found",
  "rate_limit_exceeded",
  "rate_limited",
  "reload_failed",
  "replay_cache_unavailable",
  "replay_detected",
  "schema_violation",
  "scope_not_permitted",
  "serialization_error",
  "store_unavailable",
  "too_many_actions",
  "unauthorized",
  "unknown_action"
] as const;

export type ErrorCode = (typeof errorCodes)[number];

