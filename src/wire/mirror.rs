//! How a piece of the model and its JSON become each other.

use std::borrow::Cow;
use std::sync::Arc;

use crate::model;

/// The JSON side of `M`. Writing borrows from the model; reading has checked everything before it gets here, so the
/// way back cannot fail.
pub(super) trait Mirror<'a, M>: Sized {
    fn of(model: &'a M) -> Self;
    fn back(self) -> M;
}

/// Declares the mirror of a plain struct of the model, field by field. A field that is missing on either side does not
/// compile. Its doc comments become the descriptions of the schema; a name that carries its unit is a `serde(rename)`.
macro_rules! mirror {
    (
        $(#[$meta:meta])*
        $name:ident $(<$life:lifetime>)? of $model:ident {
            $($(#[$attr:meta])* $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        pub(super) struct $name $(<$life>)? {
            $($(#[$attr])* pub(super) $field: $type,)*
        }

        impl<'a> $crate::wire::mirror::Mirror<'a, $crate::model::$model> for $name $(<$life>)? {
            fn of(model: &'a $crate::model::$model) -> Self {
                Self { $($field: $crate::wire::mirror::Mirror::of(&model.$field),)* }
            }

            fn back(self) -> $crate::model::$model {
                $crate::model::$model { $($field: $crate::wire::mirror::Mirror::back(self.$field),)* }
            }
        }
    };
}
pub(super) use mirror;

macro_rules! same {
    ($($type:ty),*) => {$(
        impl<'a> Mirror<'a, $type> for $type {
            fn of(model: &'a $type) -> Self {
                *model
            }

            fn back(self) -> $type {
                self
            }
        }
    )*};
}
same!(bool, u32, u64, usize);

macro_rules! text {
    ($($type:ty: |$model:ident| $borrow:expr, $back:expr;)*) => {$(
        impl<'a> Mirror<'a, $type> for Cow<'a, str> {
            fn of($model: &'a $type) -> Self {
                Cow::Borrowed($borrow)
            }

            fn back(self) -> $type {
                $back(self.into_owned())
            }
        }
    )*};
}
text! {
    String: |text| text, String::from;
    Arc<str>: |text| text, Arc::<str>::from;
    Cow<'static, str>: |text| text, Cow::<'static, str>::Owned;
    model::Code: |code| code.as_str(), model::Code::new;
    model::RunId: |name| name.as_str(), model::RunId::new;
    model::Category: |name| name.as_str(), model::Category::new;
    model::SessionName: |name| name.as_str(), model::SessionName::new;
    model::ActorName: |name| name.as_str(), model::ActorName::new;
    model::StepName: |name| name.as_str(), model::StepName::new;
}

impl<'a, M: 'a, T: Mirror<'a, M>> Mirror<'a, Option<M>> for Option<T> {
    fn of(model: &'a Option<M>) -> Self {
        model.as_ref().map(T::of)
    }

    fn back(self) -> Option<M> {
        self.map(T::back)
    }
}

impl<'a, M: 'a, T: Mirror<'a, M>> Mirror<'a, Vec<M>> for Vec<T> {
    fn of(model: &'a Vec<M>) -> Self {
        model.iter().map(T::of).collect()
    }

    fn back(self) -> Vec<M> {
        self.into_iter().map(T::back).collect()
    }
}

impl<'a, M: 'a, T: Mirror<'a, M>> Mirror<'a, Arc<M>> for T {
    fn of(model: &'a Arc<M>) -> Self {
        T::of(model.as_ref())
    }

    fn back(self) -> Arc<M> {
        Arc::new(T::back(self))
    }
}
