"""Imports every module of a client that openapi-python-client made, and asks the gate at the given address two things."""

import importlib
import pkgutil
import sys

sys.path.insert(0, ".")
package = importlib.import_module(sys.argv[1])
for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
    importlib.import_module(module.name)
if len(sys.argv) > 2:
    client = package.Client(base_url=sys.argv[2])
    for name in ("get_health", "get_readiness"):
        operation = importlib.import_module(f"{package.__name__}.api.health.{name}")
        answer = operation.sync_detailed(client=client)
        if answer.status_code != 200 or answer.parsed is None:
            raise SystemExit(f"{name}: {answer.status_code}, and nothing that was understood")
