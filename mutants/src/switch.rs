//! Puts a switch beside each decision in a file.

use proc_macro2::Span;
use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{BinOp, Block, Expr, ExprBinary, ReturnType, Signature, Stmt, UnOp, parse_quote};

use crate::change::Change;

/// Walks a file and changes it.
pub(crate) struct Switches<'a> {
    path: &'a str,
    changes: &'a mut Vec<Change>,
    function: Function,
}

/// The function that is being changed.
#[derive(Clone, Default)]
struct Function {
    name: String,
    is_changed: bool,
    returns_result: bool,
}

impl<'a> Switches<'a> {
    pub(crate) fn new(path: &'a str, changes: &'a mut Vec<Change>) -> Self {
        Self {
            path,
            changes,
            function: Function::default(),
        }
    }

    /// A new switch; what the expression asks of it.
    fn switch(&mut self, what: &str, code: &str, span: Span) -> Expr {
        let number = self.changes.len();
        let code = code
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .chars()
            .take(100)
            .collect();
        self.changes.push(Change {
            number,
            path: self.path.to_owned(),
            line: span.start().line,
            function: self.function.name.clone(),
            what: what.to_owned(),
            code,
        });
        parse_quote!(crate::switch::on(#number))
    }

    /// Changes the body of a function, if it is one that runs when something is verified.
    fn body(&mut self, signature: &Signature, block: &mut Block) {
        let before = std::mem::replace(
            &mut self.function,
            Function {
                name: signature.ident.to_string(),
                is_changed: signature.constness.is_none(),
                returns_result: returned(&signature.output).starts_with("Result"),
            },
        );
        if self.function.is_changed {
            visit_mut::visit_block_mut(self, block);
            self.whole(signature, block);
        }
        self.function = before;
    }

    /// A function that only says yes or no is made to say the other.
    fn whole(&mut self, signature: &Signature, block: &mut Block) {
        let span = signature.ident.span();
        let answers: &[(&str, Expr)] = match returned(&signature.output).as_str() {
            "bool" => &[
                ("is always true", parse_quote!(true)),
                ("is always false", parse_quote!(false)),
            ],
            text if text.starts_with("Result < () ") => &[("never refuses", parse_quote!(Ok(())))],
            _ => return,
        };
        for (what, answer) in answers {
            let switch = self.switch(what, "the function", span);
            block.stmts.insert(0, parse_quote!(if #switch { return #answer; }));
        }
    }

    /// A condition under which something is refused is never met.
    fn refusal(&mut self, expression: &mut syn::ExprIf, code: &str) {
        let condition = (*expression.cond).clone();
        let span = expression.if_token.span;
        let switch = self.switch("does not refuse", code, span);
        *expression.cond = if has_let(&condition) {
            parse_quote!(#condition && !#switch)
        } else {
            parse_quote!((#condition) && !#switch)
        };
    }

    fn binary(&mut self, expression: &ExprBinary, code: &str) -> Option<Expr> {
        if has_let(&Expr::Binary(expression.clone())) {
            return None;
        }
        let (left, right, op) = (&expression.left, &expression.right, &expression.op);
        let (other, span): (BinOp, Span) = match op {
            BinOp::Eq(op) => (parse_quote!(!=), op.spans[0]),
            BinOp::Ne(op) => (parse_quote!(==), op.spans[0]),
            BinOp::Lt(op) => (parse_quote!(<=), op.spans[0]),
            BinOp::Le(op) => (parse_quote!(<), op.spans[0]),
            BinOp::Gt(op) => (parse_quote!(>=), op.spans[0]),
            BinOp::Ge(op) => (parse_quote!(>), op.spans[0]),
            BinOp::And(op) => (parse_quote!(||), op.spans[0]),
            BinOp::Or(op) => (parse_quote!(&&), op.spans[0]),
            _ => return None,
        };
        let what = format!("{} is {}", op.to_token_stream(), other.to_token_stream());
        let switch = self.switch(&what, code, span);
        Some(parse_quote!((if #switch { (#left) #other (#right) } else { (#left) #op (#right) })))
    }

    fn negation(&mut self, expression: &syn::ExprUnary, code: &str) -> Option<Expr> {
        let UnOp::Not(token) = expression.op else { return None };
        let inner = &expression.expr;
        let switch = self.switch("is not negated", code, token.spans[0]);
        Some(parse_quote!((if #switch { #inner } else { !(#inner) })))
    }

    fn quantifier(&mut self, call: &syn::ExprMethodCall, code: &str) -> Option<Expr> {
        let name = match call.method.to_string().as_str() {
            "all" => "any",
            "any" => "all",
            _ => return None,
        };
        let mut other = call.clone();
        other.method = syn::Ident::new(name, call.method.span());
        let switch = self.switch(&format!("is {name}"), code, call.method.span());
        Some(parse_quote!((if #switch { #other } else { #call })))
    }
}

impl VisitMut for Switches<'_> {
    fn visit_item_fn_mut(&mut self, item: &mut syn::ItemFn) {
        if !is_test(&item.attrs) {
            self.body(&item.sig, &mut item.block);
        }
    }

    fn visit_impl_item_fn_mut(&mut self, item: &mut syn::ImplItemFn) {
        if !is_test(&item.attrs) {
            self.body(&item.sig, &mut item.block);
        }
    }

    fn visit_item_impl_mut(&mut self, item: &mut syn::ItemImpl) {
        let texts = ["Debug", "Display", "Error", "Serialize", "Drop"];
        let of = item.trait_.as_ref().and_then(|(_, path, _)| path.segments.last());
        if !of.is_some_and(|segment| texts.iter().any(|text| segment.ident == text)) {
            visit_mut::visit_item_impl_mut(self, item);
        }
    }

    fn visit_item_mod_mut(&mut self, item: &mut syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit_mut::visit_item_mod_mut(self, item);
        }
    }

    // lengths of arrays, constants and patterns are no decisions
    fn visit_type_mut(&mut self, _: &mut syn::Type) {}
    fn visit_pat_mut(&mut self, _: &mut syn::Pat) {}
    fn visit_item_const_mut(&mut self, _: &mut syn::ItemConst) {}
    fn visit_impl_item_const_mut(&mut self, _: &mut syn::ImplItemConst) {}
    fn visit_item_static_mut(&mut self, _: &mut syn::ItemStatic) {}
    fn visit_attribute_mut(&mut self, _: &mut syn::Attribute) {}

    fn visit_expr_closure_mut(&mut self, closure: &mut syn::ExprClosure) {
        let returns_result = std::mem::replace(&mut self.function.returns_result, false);
        visit_mut::visit_expr_closure_mut(self, closure);
        self.function.returns_result = returns_result;
    }

    fn visit_stmt_mut(&mut self, statement: &mut Stmt) {
        let code = statement.to_token_stream().to_string();
        visit_mut::visit_stmt_mut(self, statement);
        let Stmt::Expr(Expr::Try(tried), Some(_)) = statement else {
            return;
        };
        if !self.function.returns_result {
            return;
        }
        let (expression, span) = (tried.expr.clone(), tried.question_token.span);
        let switch = self.switch("goes on", &code, span);
        *statement = parse_quote!(match #expression { Err(_) if #switch => {} other => { other?; } });
    }

    fn visit_arm_mut(&mut self, arm: &mut syn::Arm) {
        let code = arm.guard.as_ref().map(|(_, guard)| guard.to_token_stream().to_string());
        visit_mut::visit_arm_mut(self, arm);
        let Some((token, guard)) = &mut arm.guard else { return };
        if has_let(guard) {
            return;
        }
        let (old, span) = (guard.clone(), token.span);
        let switch = self.switch("guard never holds", &code.unwrap_or_default(), span);
        **guard = parse_quote!((#old) && !#switch);
    }

    fn visit_expr_mut(&mut self, expression: &mut Expr) {
        let code = match &*expression {
            Expr::If(conditional) if !refuses(&conditional.then_branch) => None,
            Expr::If(conditional) => Some(conditional.cond.to_token_stream().to_string()),
            other => Some(other.to_token_stream().to_string()),
        };
        visit_mut::visit_expr_mut(self, expression);
        let Some(code) = code else { return };
        let changed = match expression {
            Expr::If(conditional) => {
                self.refusal(conditional, &code);
                None
            }
            Expr::Binary(binary) => self.binary(binary, &code),
            Expr::Unary(unary) => self.negation(unary, &code),
            Expr::MethodCall(call) => self.quantifier(call, &code),
            _ => None,
        };
        if let Some(changed) = changed {
            *expression = changed;
        }
    }
}

/// Does the block end in a refusal?
fn refuses(block: &Block) -> bool {
    let Some(last) = block.stmts.last() else { return false };
    let Stmt::Expr(expression, _) = last else { return false };
    let text = match expression {
        Expr::Return(returned) => match &returned.expr {
            Some(expression) => expression.to_token_stream().to_string(),
            None => return false,
        },
        other => other.to_token_stream().to_string(),
    };
    ["Err (", "None", "false"]
        .iter()
        .any(|refusal| text.starts_with(refusal))
        && (matches!(expression, Expr::Return(_)) || text.starts_with("Err ("))
}

fn has_let(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

fn returned(output: &ReturnType) -> String {
    match output {
        ReturnType::Default => String::new(),
        ReturnType::Type(_, of) => of.to_token_stream().to_string(),
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.to_token_stream().to_string();
        text.contains("cfg (test)") || text.contains("cfg (fuzzing)") || text == "# [test]"
    })
}
