//! How an operation is told to Burn's automatic differentiation.

use std::fmt::Debug;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend};

/// From what the forward pass kept, the gradient `∂y` by the result, and which inputs want a gradient: those gradients.
/// One that is not wanted may be there all the same; it is dropped.
type Gradient<B, S, const N: usize> = fn(S, FloatTensor<B>, [bool; N]) -> [Option<FloatTensor<B>>; N];

/// The result of an operation with its gradient.
///
/// `forward` is called once, with the inputs and whether any of them wants a gradient. Only then it keeps what
/// `gradient` needs, so that nothing outlives its use where nothing is differentiated:
///
/// ```text
/// differentiable::<B, C, _, _>(
///     [x],
///     |[x], wanted| (wanted.then(|| x.clone()), B::square(x)),
///     |x, grad, _| [Some(B::square_input(x, grad))],
/// )
/// ```
///
/// # Panics
/// If `forward` keeps nothing though a gradient is wanted, or, in the backward pass, if `gradient` leaves one out.
pub(super) fn differentiable<B: Backend, C: CheckpointStrategy, S, const N: usize>(
    inputs: [FloatTensor<Autodiff<B, C>>; N],
    forward: impl FnOnce([FloatTensor<B>; N], bool) -> (Option<S>, FloatTensor<B>),
    gradient: Gradient<B, S, N>,
) -> FloatTensor<Autodiff<B, C>>
where
    S: Clone + Send + Debug + 'static,
{
    let nodes = inputs.each_ref().map(|input| input.node());
    let inputs = inputs.map(|input| input.into_primitive());
    match Operation::<B, S, N>(gradient).prepare::<C>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(prep) => {
            let (kept, y) = forward(inputs, true);
            prep.finish(kept.expect("what a wanted gradient needs"), y)
        }
        OpsKind::UnTracked(prep) => prep.finish(forward(inputs, false).1),
    }
}

/// An operation in the graph.
#[derive(Debug)]
struct Operation<B: Backend, S, const N: usize>(Gradient<B, S, N>);

impl<B, S, const N: usize> Backward<B, N> for Operation<B, S, N>
where
    B: Backend,
    S: Clone + Send + Debug + 'static,
{
    type State = S;

    fn backward(self, ops: Ops<S, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let wanted = ops.parents.each_ref().map(Option::is_some);
        let found = (self.0)(ops.state, grad, wanted);
        for (parent, found) in ops.parents.into_iter().zip(found) {
            if let Some(node) = parent {
                grads.register::<B>(node.id, found.expect("a wanted gradient"));
            }
        }
    }
}
