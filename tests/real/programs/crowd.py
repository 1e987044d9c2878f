"""Locust's file: each user asks ten times, and the last one ends the run."""

from locust import HttpUser, constant, events, task
from locust.exception import StopUser

asked = {"requests": 0}


@events.request.add_listener
def count(**_):
    asked["requests"] += 1


@events.quitting.add_listener
def tell(environment, **_):
    print(f"{asked['requests']} requests, {environment.stats.total.num_failures} failures", flush=True)


class Visitor(HttpUser):
    wait_time = constant(0.01)
    left = 10

    @task
    def visit(self):
        self.client.get("/page")
        self.left -= 1
        if not self.left:
            if asked["requests"] == 50:
                self.environment.runner.quit()
            raise StopUser
