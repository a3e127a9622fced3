"""What a person is told about a connection, by the reason of the action that is required of them."""

from typing import Final

PHRASES: Final[dict[str, dict[str, str]]] = {
    "item_deleted": {
        "pt-BR": "Esta conexão foi encerrada. Seus dados já recebidos continuam aqui. Para atualizar, conecte de novo.",
        "en": "This connection was closed. The data received so far is kept. To update it, connect again.",
    },
    "consent_revoked": {
        "pt-BR": "A autorização foi cancelada no banco. Autorize novamente para voltar a receber seus dados.",
        "en": "The authorisation was revoked at the bank. Authorise again to receive your data.",
    },
    "consent_expired": {
        "pt-BR": "A autorização no banco venceu. Autorize novamente para voltar a receber seus dados.",
        "en": "The authorisation at the bank has expired. Authorise again to receive your data.",
    },
    "account_locked": {
        "pt-BR": "O banco bloqueou seu acesso. Desbloqueie no banco e depois informe seus dados novamente.",
        "en": "The bank has locked your access. Unlock it at the bank, then enter your details again.",
    },
    "account_locked_oauth": {
        "pt-BR": "O banco bloqueou seu acesso. Desbloqueie no banco e depois autorize novamente.",
        "en": "The bank has locked your access. Unlock it at the bank, then authorise again.",
    },
    "too_many_errors": {
        "pt-BR": "Esta conexão falhou muitas vezes e foi suspensa. Conecte o banco novamente ou fale com o suporte.",
        "en": "This connection failed too often and was suspended. Connect the bank again or contact support.",
    },
    "institution_offline": {
        "pt-BR": "O banco está fora do ar para conexões. Vamos tentar de novo quando ele voltar.",
        "en": "The bank is offline for connections. We will try again when it is back.",
    },
    "authorize_at_bank": {
        "pt-BR": "Abra a página do banco e autorize o compartilhamento dos seus dados.",
        "en": "Open the bank's page and authorise the sharing of your data.",
    },
    "mfa_image": {
        "pt-BR": "O banco mostra uma imagem. Digite o texto que aparece nela.",
        "en": "The bank shows an image. Type the text you see in it.",
    },
    "mfa_select": {
        "pt-BR": "O banco pede uma escolha. Selecione uma das opções.",
        "en": "The bank asks you to choose. Select one of the options.",
    },
    "mfa_code": {
        "pt-BR": "O banco pede uma confirmação. Informe o código ou dado solicitado.",
        "en": "The bank asks for a confirmation. Enter the code or detail it asks for.",
    },
    "prompt_on_its_way": {
        "pt-BR": "O banco está preparando uma pergunta para você. Aguarde alguns segundos.",
        "en": "The bank is preparing a question for you. Wait a few seconds.",
    },
    "scan_code": {
        "pt-BR": "Leia o código QR com o aplicativo do seu banco.",
        "en": "Scan the QR code with your bank's app.",
    },
    "approve_access": {
        "pt-BR": "Autorize o acesso no aplicativo do seu banco.",
        "en": "Approve the access in your bank's app.",
    },
    "approve_device": {
        "pt-BR": "Autorize este dispositivo no aplicativo ou no site do seu banco. A conexão continua sozinha depois.",
        "en": "Authorise this device in your bank's app or site. The connection then goes on by itself.",
    },
    "other_approvers": {
        "pt-BR": "Outras pessoas precisam aprovar o compartilhamento no banco. Avise quem também responde pela conta.",
        "en": "Other people must approve the sharing at the bank. Tell whoever else is responsible for the account.",
    },
    "login_backoff": {
        "pt-BR": "Foram muitas tentativas com dados incorretos. Aguarde alguns minutos antes de tentar de novo.",
        "en": "There were too many attempts with wrong details. Wait a few minutes before you try again.",
    },
    "not_granted": {
        "pt-BR": "A autorização não foi concedida no banco. Se quiser continuar, autorize novamente.",
        "en": "The authorisation was not granted at the bank. If you want to go on, authorise again.",
    },
    "login_refused_oauth": {
        "pt-BR": "O banco não reconheceu os dados informados. Confira o documento e autorize novamente.",
        "en": "The bank did not recognise the details. Check the document and authorise again.",
    },
    "wrong_code_renew": {
        "pt-BR": "O código não foi aceito pelo banco. Informe um código novo.",
        "en": "The bank did not accept the code. Enter a new one.",
    },
    "wrong_code": {
        "pt-BR": "O código não foi aceito pelo banco. Informe seus dados de novo para receber outro código.",
        "en": "The bank did not accept the code. Enter your details again to receive another one.",
    },
    "credentials_reset": {
        "pt-BR": "O banco pede que você crie uma nova senha. Faça isso no banco e depois informe a senha nova.",
        "en": "The bank asks you to set a new password. Do so at the bank, then enter the new one.",
    },
    "invalid_credentials": {
        "pt-BR": "O banco não aceitou seu usuário ou senha. Confira e informe novamente.",
        "en": "The bank did not accept your user or password. Check them and enter them again.",
    },
    "needs_action": {
        "pt-BR": "O banco pede uma ação sua no aplicativo ou no site dele. Conclua por lá e atualize a conexão.",
        "en": "The bank asks you to do something in its app or site. Finish it there, then update the connection.",
    },
    "not_supported": {
        "pt-BR": "Este tipo de conta ainda não pode ser conectado. Conecte outra conta ou outro banco.",
        "en": "This kind of account can't be connected yet. Connect another account or bank.",
    },
    "login_error": {
        "pt-BR": "Não foi possível entrar no banco com os dados salvos. Informe-os novamente.",
        "en": "We could not log in at the bank with the saved details. Enter them again.",
    },
    "already_logged_in": {
        "pt-BR": "Há outra sessão aberta no banco. Saia do aplicativo e do site do banco; vamos tentar de novo.",
        "en": "Another session is open at the bank. Log out of its app and site; we will try again.",
    },
    "input_expired": {
        "pt-BR": "O prazo para responder ao banco acabou. Informe seus dados de novo para recomeçar.",
        "en": "The time to answer the bank is over. Enter your details again to start over.",
    },
    "input_expired_oauth": {
        "pt-BR": "O prazo para autorizar no banco acabou. Peça uma nova autorização.",
        "en": "The time to authorise at the bank is over. Ask for a new authorisation.",
    },
    "bank_unavailable": {
        "pt-BR": "O banco não respondeu. Vamos tentar de novo mais tarde; seus dados anteriores continuam aqui.",
        "en": "The bank did not answer. We will try again later; your earlier data is kept.",
    },
    "bank_failed": {
        "pt-BR": "Algo deu errado na leitura do banco. Vamos tentar de novo; seus dados anteriores continuam aqui.",
        "en": "Something went wrong while reading the bank. We will try again; your earlier data is kept.",
    },
    "unknown_state": {
        "pt-BR": "O banco respondeu de um jeito que ainda não conhecemos. Vamos verificar; tente de novo mais tarde.",
        "en": "The bank answered in a way we don't know yet. We will look into it; try again later.",
    },
}
