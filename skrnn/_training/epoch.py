"""One pass over batches: their steps, the gradient of each, and what is recorded.

Hooks of callbacks are called where there are any, batches are recorded where there are
callbacks that may want them, and the standard network learns without autograd.
"""

import math
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from skorch.callbacks import Callback
from torch.nn.utils import clip_grad_norm_, clip_grad_value_, get_total_norm

from skrnn._training.divergence import checked_losses, checked_step
from skrnn._training.weight_average import WeightAverage


def run_batches(net, batches, *, training):
    """Go through batches once, and record their mean loss.

    Parameters
    ----------
    net : SequenceNet
        In training.
    batches : BatchIterator
        The batches.
    training : bool
        Whether to learn from them, or to validate.
    """
    prefix, take_step = "valid", net.validation_step
    if training:
        prefix, take_step = "train", net.train_step
    schedule = net.schedule_ if training else None
    # Records of batches are for callbacks of the user's.
    is_recorded = len(net.callbacks_) > net.run.n_default_callbacks
    begin = callback_hooks(net, "on_batch_begin")
    end = callback_hooks(net, "on_batch_end")
    net.run.gradient_hooks = callback_hooks(net, "on_grad_computed")
    net.run.shows_outputs = bool(end)
    # Callbacks that come in between may have put other tensors in the place of these.
    is_shown = begin or end or net.run.gradient_hooks
    net.run.takes_several = not is_shown and _reads_plainly(net)
    # Where there are none, only a restart does, by another optimiser.
    step = net.run.step
    if is_recorded or step is None or step.optimizer is not net.optimizer_:
        _look_for_weights(net)
    net.run.sample_losses.clear()
    losses, sizes = [], []
    if training and not is_recorded and _steps_are_taken_at_once(net):
        losses, sizes = _steps_at_once(net, batches)
        batches = ()
    with (
        _weights_of(net, training) as after_step,
        _draws_of(net, batches, training) as coming,
    ):
        for number, batch in enumerate(coming, start=1):
            net.run.batch, net.run.share = number, batch[0].get("share")
            if is_recorded:
                net.history.new_batch()
            for hook in begin:
                hook(net, batch=batch, training=training)
            if is_shown:
                _look_for_weights(net)
            step = take_step(batch)
            after_step()
            losses.append(step["loss"])
            share = net.run.share
            sizes.append(batch[0]["x"].shape[0] if share is None else share[1])
            if is_recorded:
                net.history.record_batch(f"{prefix}_loss", float(losses[-1]))
                net.history.record_batch(f"{prefix}_batch_size", sizes[-1])
            if schedule is not None:
                schedule.after_batch()
            for hook in end:
                hook(net, batch=batch, training=training, **step)
    if net.run.workers is not None and not training:
        parts = losses, sizes, net.run.sample_losses
        losses, sizes, net.run.sample_losses = net.run.workers.joined(*parts)
    net.history.record(f"{prefix}_batch_count", len(losses))
    _record_loss(net, prefix, losses, sizes)
    if net.run.sample_losses:
        error = net.best_weights.compare(torch.cat(net.run.sample_losses))
        net.history.record(f"{prefix}_loss_error", error)


def _reads_plainly(net):
    """Whether what kernels read of a batch does not depend on which batch it is."""
    step, network = net.run.step, net.module_
    if step is None or network.input_noise or network.scaling.instance_norm is not None:
        return False
    form = step.network.form
    return form.composition is None and form.codes is None


def _steps_are_taken_at_once(net):
    """Whether nothing comes between a step of the optimiser and the next one."""
    run, schedule = net.run, net.schedule_
    has_pause = schedule is not None and schedule.is_by_batch
    return (
        run.takes_several
        and run.step.is_adam
        and run.workers is None
        and net.settings.ema_decay is None
        and not has_pause
    )


def _steps_at_once(net, batches):
    """Learn from all batches; give their losses and sizes (lists)."""
    losses, sizes = [], []
    for several, each in batches.parts():
        if several is None:
            for batch in each:
                net.run.batch = len(losses) + 1
                losses.append(net.train_step(batch)["loss"])
                sizes.append(len(batch[0]["x"]))
            continue
        net._set_training(True)
        losses += compiled_steps(net, several, len(losses))
        n_samples = len(several.x)
        sizes += [several.size] * (n_samples // several.size)
        sizes += [n_samples % several.size] * (n_samples % several.size > 0)
    return losses, sizes


def _look_for_weights(net):
    """Have the kernels look where weights, gradients and the optimiser's state are."""
    run = net.run
    step, network = run.step, net.module_
    if step is not None:
        step.prepare(network.form_like(step.network.form), net.optimizer_)
    if run.compiled is not None and (step is None or run.compiled is not step.network):
        run.compiled.read_addresses(network.form())


@contextmanager
def _draws_of(net, batches, training):
    """Begin with batches; what one of several processes draws for them is its own."""
    workers, generator = net.run.workers, net.module_.generator
    if workers is None or not training:
        yield batches
        return
    before = generator.get_state()
    coming = iter(batches)  # which draws the order
    is_drawn = not torch.equal(before, generator.get_state())
    with workers.own_randomness(generator, is_drawn):
        yield coming


@contextmanager
def _weights_of(net, training):
    """Have the network hold what it trains with, or else is validated with."""
    decay = net.settings.ema_decay
    if not training or decay is None:
        yield _do_nothing
        return
    # Those of the network and the loss; to ask the modules each time is slow.
    weights = [p for p in optimized(net) if p.requires_grad]
    if net.average is None or not net.average.is_of(weights, decay):
        net.average = WeightAverage(weights, decay)
    with net.average.training(weights):
        yield partial(net.average.update, weights)


def _do_nothing():
    pass


def _record_loss(net, prefix, losses, sizes):
    losses = checked_losses(net, losses, prefix)
    # What `average` of NumPy does, without its cost.
    mean = float(np.multiply(losses, sizes).sum() / sum(sizes))
    name = f"{prefix}_loss"
    least = net.run.least
    if name not in least:
        before = [epoch[name] for epoch in net.history[:-1] if name in epoch]
        least[name] = min(before, default=math.inf)
    net.history.record(name, mean)
    net.history.record(f"{name}_best", mean < least[name])
    least[name] = min(least[name], mean)


def callback_hooks(net, name):
    """Methods of this name (list), of callbacks of a net, that do something."""
    return [
        getattr(callback, name)
        for _, callback in net.callbacks_
        if getattr(type(callback), name, None) is not getattr(Callback, name)
    ]


def compiled_step(net, inputs, target):
    """Take one optimiser step without autograd, for the standard network.

    Parameters
    ----------
    net : SequenceNet
        In training, with a compiled step.
    inputs : dict of Tensor
        Of the network, with the weights.
    target : Tensor
        In the units of the loss.

    Returns
    -------
    dict
        As from `train_step` of skorch.
    """
    run, step, get = net.run, net.run.step, inputs.get
    several = get("several")
    if run.takes_several and several is not None:
        given = None  # nobody looks at it
        run.loss, outputs = _consecutive(net, several[0]).gradients(several[1])
    else:
        x, form = inputs["x"], step.network.form
        given = net.module_.training_inputs(x, get("lengths"), get("repeats"), form)
        run.loss, outputs = step.gradients(given, target, get("weight"))
    hooks, settings = run.gradient_hooks, net.settings
    if step.is_adam and not hooks and run.workers is None:
        limits = settings.l1, settings.max_grad_value, settings.max_grad_norm
        run.grad_norm = step.clip_and_update(*limits)
    else:
        limit_gradient(net)
        named = tuple(net.get_all_learnable_params()) if hooks else ()
        for hook in hooks:
            hook(net, named_parameters=named, X=inputs, y=target, training=True)
        step.update(was_shown=bool(hooks))
    loss = run.loss
    if run.shows_outputs:
        outputs = net.module_.parameters_of(outputs, given)
    return {"loss": loss, "y_pred": outputs}


def compiled_steps(net, several, n_before):
    """Take an optimiser step for each of several batches.

    Parameters
    ----------
    net : SequenceNet
        In training, with a compiled step.
    several : Several
        The batches.
    n_before : int
        How many batches of the epoch came before them.

    Returns
    -------
    list of float
        Their losses, which are finite.
    """
    run, settings = net.run, net.settings
    limits = settings.l1, settings.max_grad_value, settings.max_grad_norm
    batches = _consecutive(net, several)
    losses, norms = run.step.train_on(batches, *limits)
    run.loss, run.grad_norm = losses[-1], norms[-1]
    run.batch = n_before + len(losses)
    checked_step(net, {"loss": run.loss}, "train")
    return losses


def _consecutive(net, several):
    """Give batches that were read at once (Several) to the kernels, the first time."""
    run = net.run
    if run.several is None or run.several[0] is not several:
        x, lengths, target, weight, size = several
        given = net.module_.training_inputs(x, lengths, None, run.step.network.form)
        run.several = several, run.step.consecutive(given, target, weight, size)
    return run.several[1]


def limit_gradient(net):
    """Add the L1 penalty to the gradient of a net (SequenceNet), then clip it."""
    run, settings = net.run, net.settings
    if run.workers is not None:
        _add_up(net)
    if run.step is not None:
        penalty = settings.l1, settings.max_grad_value, settings.max_grad_norm
        run.grad_norm = run.step.clip(*penalty) if any(penalty) else None
        _drop_overflow(net, run.step.weight_gradients)
        return
    weights = [p for p in optimized(net) if p.grad is not None]
    if settings.l1:
        for weight in weights:
            if weight.ndim > 1:
                weight.grad.add_(weight.detach().sign(), alpha=settings.l1)
    if settings.max_grad_value is not None:
        clip_grad_value_(weights, settings.max_grad_value)
    if settings.max_grad_norm is not None:
        run.grad_norm = clip_grad_norm_(weights, settings.max_grad_norm)
        _drop_overflow(net, lambda: [p.grad for p in weights])
    else:
        run.grad_norm = get_total_norm([p.grad for p in weights])


def optimized(net):
    """Return the weights (list of Parameter) that the optimiser of a net changes."""
    return [p for group in net.optimizer_.param_groups for p in group["params"]]


def _add_up(net):
    """Have a net the gradient and the loss of the whole batch, of all processes."""
    run = net.run
    if run.step is not None:
        gradients = run.step.weight_gradients()
    else:
        gradients = [p.grad for p in net.learnable() if p.grad is not None]
    n_own, n_all = run.share
    run.loss = run.workers.add_up(gradients, run.loss, n_own / n_all)


def _drop_overflow(net, gradients):
    """Clip a gradient (function that gives it) that exploded beyond all numbers."""
    # Over very long sequences it may in a single batch of a training that is otherwise
    # sound. A loss that is not finite is another matter.
    if net.settings.max_grad_norm is not None and not math.isfinite(net.run.grad_norm):
        for gradient in gradients():
            gradient.zero_()
