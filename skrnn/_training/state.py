"""The state of a training, and the ways back from what goes wrong in it.

What a training may have to go back to, and where that is kept:

===========================  ======================================================
the fit fails                the net itself: a fit that goes on trains a deep copy
Ctrl-C in an epoch           what the epoch began with: `Run.begin_with`
a loss that is not finite,   the best validated weights: `BestWeights.weights_`; with
on_divergence="restart"      no validation those that the epoch of the least training
                             loss began with: `Run.best_begin`
the training is at its end   the best validated weights: `BestWeights.weights_`
the process was killed       all of it after the newest whole epoch: `Checkpoint`, with
                             what `training_state` gives
===========================  ======================================================

These are no copies of one thing. `begin_with` is an epoch older than what is validated,
`best_begin` is the `begin_with` of some epoch (the same tensors, no second copy), and
the best weights outlive both. `WeightAverage` is no way back: network and average
change places around the batches, and both go on.

The learning rate of a net is three things, too: what its optimiser was made with
(`settings`, which a fit that goes on compares with what is wanted), the rate that a
restart divides (`lr`, as skorch names it; callbacks may set it), and what the next step
takes (`param_groups` of the optimiser, which schedules move).
"""

import math
import time

from skrnn._training.optimizers import call
from skrnn._training.weight_average import WeightAverage
from skrnn._training.workers import current_workers


class Run:
    """What one training has to remember.

    Parameters
    ----------
    net : SequenceNet
        Initialised.
    """

    def __init__(self, net):
        self.n_before = len(net.history)
        self.n_whole = self.n_before  # epochs that came to their end
        # To ask for them in every epoch is slow.
        self.modules = net.parts()
        self.named_modules = list(net.module_.named_modules())
        self.n_default_callbacks = len(net.get_default_callbacks())
        self.begin = time.monotonic()
        self.grad_norm = None
        self.gradient_hooks = []  # of callbacks, called with each gradient
        self.shows_outputs = False  # whether callbacks see those of a step
        self.takes_several = False  # whether kernels are told of batches at once
        self.several = None  # those that they were told of last, and as they have them
        self.least = {}  # losses of all epochs, by name
        self.batch = 0  # number of the present one, from 1
        self.sample_losses = []  # tensors (N,): a batch each, of a validation
        self.compiled = None  # a CompiledNetwork, where the network is standard
        self.step = None  # a CompiledStep, where its gradients are too
        # Without validation the best weights known are those that the epoch of the
        # least training loss began with: what it ended with nothing has tried.
        self.begin_with = None
        self.best_begin = None
        self.least_loss = math.inf
        self.n_restarts = 0
        self.n_batches = 1
        self.workers = current_workers()  # processes that train together, or None
        self.loss = None  # of the present batch, before its gradient is used
        self.share = None  # samples of it that are read here, and those of all

    def forget_kernels(self):
        """Use no kernels any more that are closed."""
        self.compiled = self.step = self.several = None

    def seconds(self):
        """Seconds since the training began, those before a resume included."""
        return time.monotonic() - self.begin


def training_state(net):
    """What a checkpoint holds of a net (SequenceNet) in training, as a dict."""
    schedule = None if net.schedule_ is None else net.schedule_.state_dict()
    return {
        "weights": net.copy_of_weights(),
        "optimizer": call(net.optimizer_, "state_dict"),
        "schedule": schedule,
        "average": None if net.average is None else net.average.state_dict(),
        "rate": net.lr,
        "random_state": net.module_.generator.get_state(),
        "best": net.best_weights.state_dict(),
        "history": [
            {k: v for k, v in epoch.items() if k != "batches"} for epoch in net.history
        ],
        "seconds": net.run.seconds(),
        "n_restarts": net.run.n_restarts,
        "n_before": net.run.n_before,
        "least_loss": net.run.least_loss,
        "best_begin": net.run.best_begin,
    }


def load_training(net, state):
    """Bring a net (SequenceNet) to a state (dict) of `training_state`."""
    if state["rate"] != net.lr:  # it was lowered by a restart
        net.restart_optimizer(state["rate"])
    # Made before the optimiser's state comes back, since it sets the rate.
    net.prepare_schedule()
    if net.schedule_ is not None:
        net.schedule_.load_state_dict(state["schedule"])
    net.module_.load_state_dict(state["weights"])
    net.average = None
    if state["average"] is not None:
        net.average = WeightAverage(net.learnable(), net.settings.ema_decay)
        net.average.load_state_dict(state["average"])
    call(net.optimizer_, "load_state_dict", state["optimizer"])
    net.module_.generator.set_state(state["random_state"])
    net.best_weights.load_state_dict(state["best"])
    del net.history[:]
    for epoch in state["history"]:
        net.history.append({**epoch, "batches": []})
    run = net.run
    for name in ("n_restarts", "n_before", "least_loss", "best_begin"):
        setattr(run, name, state[name])
    run.n_whole = len(net.history)
    run.begin -= state["seconds"]
